//! `opsctl serve`: the pick station and the office's pages, until SIGTERM or Ctrl-C; what is
//! under way then ends first. It changes the store only as people on its pages ask.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use ipnet::IpNet;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::Out;
use crate::config::Tenant;
use crate::context::Context;
use crate::fault::{Exit, Fault};
use crate::web;

/// Arguments of `opsctl serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen, instead of where the tenant's file says; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// A network whose word on the visitor's address is taken, beside those of the tenant's
    /// file; may be repeated
    #[arg(long = "trusted-proxy", value_name = "CIDR")]
    trusted_proxies: Vec<IpNet>,
}

#[derive(Serialize)]
struct Listening {
    schema: u32,
    #[serde(rename = "listening")]
    address: SocketAddr,
    url: String,
}

/// Serves until it is told to stop.
///
/// # Errors
/// The address is taken, or is not this machine's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let mut tenant = Tenant::clone(&ctx.tenant);
    tenant.web.trusted_proxies.extend(&args.trusted_proxies);
    let listen = args.listen.unwrap_or(tenant.web.listen);
    let ctx = Context {
        tenant: Arc::new(tenant),
        actor: "serve".to_owned(),
        ..ctx.clone()
    };
    // Before anything is said, so that whoever reads it may send one at once.
    let told = told_to_stop()?;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        Fault::failed(format!("cannot listen on {listen}"))
            .hint("see what else listens there, or say --listen 127.0.0.1:0 for a free port")
    })?;
    let listening = listener.local_addr()?;
    let url = format!("http://{listening}");
    if out.is_json() {
        out.json_line(&Listening {
            schema: 1,
            address: listening,
            url,
        })?;
    } else {
        out.note(&format!("listening on {url}; Ctrl-C stops it"));
    }
    web::serve(listener, ctx, told).await?;
    out.note("stopped");
    Ok(Exit::Done)
}

/// Ends at SIGTERM or Ctrl-C, both of which are heard from this call on.
pub(super) fn told_to_stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
