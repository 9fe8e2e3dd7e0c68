//! What the demo plays on: its tenant, its database and its shop, made anew each time.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use secrecy::SecretString;

use crate::cli::{Globals, Out, start};
use crate::config::{self, CarrierConfig, Channel, Tenant};
use crate::context::{Clock, Context, Services};
use crate::fault::Fault;
use crate::integrations::http::HttpOptions;
use crate::sandbox::ups::{CLIENT_ID, CLIENT_SECRET};
use crate::sandbox::{CONSUMER_KEY, CONSUMER_SECRET, Content, Options, Plan, Sandbox};
use crate::store::channels;
use crate::store::connect::Missing;
use crate::vault::{self, Vault};

/// The demo's tenant.
const NAME: &str = "demo";

/// The tenant's file, as it is written where it is missing.
const TENANT: &str = include_str!("../../../../tenants/demo.toml");

/// Where the demo keeps its own files.
pub(super) const FOLDER: &str = "var/demo";

/// Where the shop is left at the end.
pub(super) const SHOP: &str = "var/demo/shop";

/// Where the tenant's file says that the shop is.
pub(super) const ADDRESS: &str = "127.0.0.1:8765";

/// What an earlier demo has left, and nothing else.
const LEFT: [&str; 17] = [
    "opsctl.db",
    "opsctl.db-wal",
    "opsctl.db-shm",
    "vault.age",
    "identity.txt",
    "scan.idx",
    "costs.csv",
    "lots.csv",
    "freight.csv",
    "products.csv",
    "serials.csv",
    "orders.csv",
    "shop/products.jsonl",
    "shop/variations.jsonl",
    "shop/orders.jsonl",
    "shop/refunds.jsonl",
    "shop/shipments.jsonl",
];

/// What the demo's outside services are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outside {
    /// How many SKUs the shop has.
    pub(super) skus: usize,
    /// Whether they speak https, as real ones do.
    pub(super) tls: bool,
}

/// The demo's tenant and shop.
pub(super) struct Stage {
    pub(super) ctx: Context,
    pub(super) sandbox: Sandbox,
}

impl Stage {
    /// Makes the tenant, its vault and its database anew, and opens the shop.
    ///
    /// # Errors
    /// A tenant of that name is not the demo's, or a file cannot be written.
    pub(super) async fn set(
        globals: &Globals,
        out: &Out,
        outside: Outside,
    ) -> anyhow::Result<Self> {
        let globals = Globals {
            tenant: Some(NAME.to_owned()),
            ..globals.clone()
        };
        let tenant = tenant(&globals.tenants_dir)?;
        clear()?;
        let (file, identity) = (Path::new(&tenant.vault.file), &tenant.vault.identity);
        let fault = |error: vault::VaultError| error.fault(NAME);
        vault::init(file, identity, &[], false).map_err(fault)?;
        Vault::update(file, identity, |vault| {
            vault.set("woo", "consumer_key", SecretString::from(CONSUMER_KEY))?;
            vault.set(
                "woo",
                "consumer_secret",
                SecretString::from(CONSUMER_SECRET),
            )?;
            vault.set("ups", "client_id", SecretString::from(CLIENT_ID))?;
            vault.set("ups", "client_secret", SecretString::from(CLIENT_SECRET))
        })
        .map_err(fault)?;
        let store = start::store(&tenant, &start::secrets(&tenant), Missing::Create).await?;
        store.migrate(NAME, Clock::System.now()).await?;
        store.close().await;

        let sandbox = open_shop(outside).await?;
        let mut ctx = start::context(&globals, out).await?;
        let options = HttpOptions {
            authority: sandbox.certificate().map(str::to_owned),
            ..start::http_options(&globals)
        };
        ctx.services = Services::new(ctx.services.secrets.clone(), options);
        let mut tenant = tenant;
        for Channel::WooCommerce(shop) in tenant.channels.values_mut() {
            shop.url = sandbox.shop_url();
        }
        for carrier in tenant.carriers.values_mut() {
            if let CarrierConfig::Ups(ups) = carrier {
                ups.url = sandbox.ups_url();
            }
        }
        ctx.tenant = Arc::new(tenant);
        Ok(Self { ctx, sandbox })
    }

    /// A context for the next run, under an id of its own.
    pub(super) fn run(&self) -> Context {
        Context {
            run: start::run_id(),
            ..self.ctx.clone()
        }
    }

    /// Leaves the shop where it can be opened again, and closes everything.
    ///
    /// # Errors
    /// The shop cannot be written.
    pub(super) async fn strike(self) -> anyhow::Result<()> {
        // Where another port had to serve, the shop is where the tenant's file says from now on.
        let mut tx = self.ctx.store.begin().await?;
        if let Some(account) = channels::find(&mut tx, "woo").await? {
            channels::set_url(
                &mut tx,
                account.id,
                &format!("http://{ADDRESS}/woocommerce"),
            )
            .await?;
        }
        self.ctx.store.commit(tx).await?;
        let saved = self.sandbox.save(Path::new(SHOP));
        self.ctx.store.close().await;
        self.sandbox.stop().await?;
        saved.with_context(|| format!("writing the shop to {SHOP}"))
    }
}

/// The demo's tenant; its file is written where it is missing.
fn tenant(tenants_dir: &Path) -> anyhow::Result<Tenant> {
    let path = config::file_of(tenants_dir, NAME);
    if !path.exists() {
        std::fs::create_dir_all(tenants_dir)
            .and_then(|()| std::fs::write(&path, TENANT))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    let ours = Tenant::parse(TENANT, &path).map_err(Fault::from)?;
    let there = Tenant::load(tenants_dir, NAME).map_err(Fault::from)?;
    let outside = |tenant: &Tenant| {
        serde_json::to_string(&(&tenant.channels, &tenant.carriers)).unwrap_or_default()
    };
    if there.store.url != ours.store.url
        || there.vault.file != ours.vault.file
        || there.vault.identity != ours.vault.identity
        || outside(&there) != outside(&ours)
    {
        return Err(Fault::usage(format!("{} is not the demo's tenant", path.display()))
            .hint("the demo makes its files anew each time; rename your tenant, or run it elsewhere")
            .into());
    }
    Ok(there)
}

/// Takes away what an earlier demo has left.
fn clear() -> anyhow::Result<()> {
    let shipping = Path::new(FOLDER).join("shipping");
    if let Err(error) = std::fs::remove_dir_all(&shipping)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("removing {}", shipping.display()));
    }
    std::fs::create_dir_all(&shipping).with_context(|| format!("making {}", shipping.display()))?;
    for name in LEFT {
        let path = Path::new(FOLDER).join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The shop at its usual address or, where that is taken, at another.
async fn open_shop(outside: Outside) -> anyhow::Result<Sandbox> {
    let content = Content::Generated(Plan {
        skus: outside.skus,
        shared_stock: false,
        ..Plan::default()
    });
    let usual: SocketAddr = ADDRESS.parse()?;
    let any = SocketAddr::new(usual.ip(), 0);
    let options = |listen| Options {
        listen,
        content: content.clone(),
        tls: outside.tls,
        ..Options::default()
    };
    match Sandbox::start(options(usual)).await {
        Ok(sandbox) => Ok(sandbox),
        Err(_) => Ok(Sandbox::start(options(any)).await?),
    }
}
