//! Stand-ins for the outside services, on one port: for the demo, for tests, and for trying
//! opsctl out without a shop.
//!
//! Each service is under its own name, followed by the real service's path. It keeps state,
//! holds requests to the published shape, and lets faults happen on order. Nothing here is
//! shared with the clients in `integrations`, so that both cannot be wrong the same way.

pub mod faults;
pub mod ups;
pub mod woocommerce;

mod clock;
mod control;
mod generate;
mod load;
mod rules;
mod save;
mod serve;
mod services;
mod tls;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use clock::Clock;
pub use generate::Plan;
pub use load::LoadError;
pub use tls::TlsError;

use faults::Faults;
use services::Services;
use tls::Tls;
use ups::Ups;
use wire::{Gate, Shears};
use woocommerce::{Guard, Refusal, Shop, State};

/// The consumer key that opens the shop where no other is asked for.
pub const CONSUMER_KEY: &str = "ck_sandbox";

/// Its secret.
pub const CONSUMER_SECRET: &str = "cs_sandbox";

/// What the shop holds at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Empty,
    /// A made-up shop.
    Generated(Plan),
    /// A dump in a folder of JSON lines.
    Folder(PathBuf),
}

/// How to start a sandbox.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key that opens the shop.
    pub consumer_key: String,
    /// Its secret.
    pub consumer_secret: String,
    /// What the shop holds.
    pub content: Content,
    /// The sandbox's time.
    pub clock: Clock,
    /// Whether to serve https, with a certificate made for the run.
    pub tls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            consumer_key: CONSUMER_KEY.to_owned(),
            consumer_secret: CONSUMER_SECRET.to_owned(),
            content: Content::Generated(Plan::default()),
            clock: Clock::machine(),
            tls: false,
        }
    }
}

/// Why a sandbox does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The dump cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The made-up shop contradicts itself.
    #[error("cannot make up a shop")]
    Generate(#[from] Refusal),
    /// There is no certificate to serve https with.
    #[error("cannot serve https")]
    Tls(#[from] TlsError),
    /// Serving failed.
    #[error("the sandbox stopped serving")]
    Serve(#[from] io::Error),
}

/// A running sandbox. Dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    services: Services,
    authority: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<io::Result<()>>,
}

impl Sandbox {
    /// Fills the shop and starts to serve, on the runtime that this is called from.
    ///
    /// # Errors
    /// The dump cannot be loaded, the address is taken, or no certificate can be made.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let clock = options.clock;
        let guard = Guard::new(options.consumer_key, options.consumer_secret);
        let mut state = State::new(guard, clock.now());
        let ups = Ups::new(clock.clone());
        match &options.content {
            Content::Empty => {}
            Content::Generated(plan) => generate::fill(&mut state, *plan)?,
            Content::Folder(folder) => {
                load::fill(&mut state, folder)?;
                load::shipments(&ups, folder)?;
            }
        }
        let services = Services {
            shop: Shop::new(state, clock.clone()),
            ups,
            faults: Faults::default(),
            clock,
            https: options.tls,
        };
        let tls = options.tls.then(|| Tls::new(options.listen)).transpose()?;
        let (acceptor, authority) = tls.map(|tls| (tls.acceptor, tls.authority)).unzip();
        let (gate, address) = Gate::open(options.listen, acceptor)
            .await
            .map_err(|source| SandboxError::Listen {
                address: options.listen,
                source,
            })?;
        let (stop, stopped) = oneshot::channel();
        let app = serve::router(services.clone()).into_make_service_with_connect_info::<Shears>();
        let serving = tokio::spawn(async move {
            axum::serve(gate, app)
                .with_graceful_shutdown(async move {
                    // A sandbox that is dropped stops as well.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Self {
            address,
            services,
            authority,
            stop: Some(stop),
            serving,
        })
    }

    /// `http://127.0.0.1:PORT`, or https.
    pub fn url(&self) -> String {
        let scheme = if self.services.https { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate, as PEM, that a client must trust; none where plain HTTP is served.
    pub fn certificate(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// The shop's address, as a tenant file has it.
    pub fn shop_url(&self) -> String {
        format!("{}{}", self.url(), serve::SHOP)
    }

    /// The WooCommerce shop, from behind the counter.
    pub fn woo(&self) -> Shop {
        self.services.shop.clone()
    }

    /// UPS' address, as a tenant file has it.
    pub fn ups_url(&self) -> String {
        format!("{}{}", self.url(), serve::UPS)
    }

    /// UPS, from behind the counter.
    pub fn ups(&self) -> Ups {
        self.services.ups.clone()
    }

    /// Writes the shop and the parcels bought into a folder, in the form that
    /// [`Content::Folder`] reads.
    ///
    /// # Errors
    /// The folder or a file in it cannot be written.
    pub fn save(&self, folder: &std::path::Path) -> io::Result<()> {
        self.services
            .shop
            .with_state(|state| save::write(state, folder))?;
        save::write_shipments(&self.services.ups.shipments(), folder)
    }

    /// The faults to come.
    pub fn faults(&self) -> Faults {
        self.services.faults.clone()
    }

    /// The sandbox's time.
    pub fn clock(&self) -> Clock {
        self.services.clock.clone()
    }

    /// Answers what is being asked, and stops.
    ///
    /// # Errors
    /// Serving had failed before.
    pub async fn stop(mut self) -> Result<(), SandboxError> {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        match self.serving.await {
            Ok(served) => Ok(served?),
            Err(failed) => Err(io::Error::other(failed).into()),
        }
    }
}

#[cfg(test)]
mod tests;
