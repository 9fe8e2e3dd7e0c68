//! `opsctl sandbox`: stand-ins of the outside services on one port, until Ctrl-C. What
//! happens in them stays in memory; nothing outside changes, but for the certificate that
//! `--tls` writes, anew in each run, and the shop that `--save` leaves at the end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{Out, Page, Report};
use crate::fault::{Exit, Fault};
use crate::sandbox::faults::Rule;
use crate::sandbox::ups::{ACCOUNT, CLIENT_ID, CLIENT_SECRET};
use crate::sandbox::{
    CONSUMER_KEY, CONSUMER_SECRET, Content, Options, Plan, Sandbox, SandboxError,
};

/// Arguments of `opsctl sandbox`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve https, with a certificate made for this run
    #[arg(long)]
    tls: bool,
    /// Where to write the certificate that clients must trust
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls",
        default_value = "var/sandbox/ca.pem"
    )]
    tls_cert: PathBuf,
    /// Fill the shop from a dump: products, variations, orders and refunds as .jsonl or
    /// .jsonl.gz
    #[arg(long, value_name = "DIR", conflicts_with = "skus")]
    load: Option<PathBuf>,
    /// When it stops, write the shop to a dump that --load reads
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// How many SKUs the made-up shop has
    #[arg(long, value_name = "N", default_value_t = Plan::default().skus)]
    skus: usize,
    /// Which made-up shop: the same seed makes the same one
    #[arg(long, value_name = "N", default_value_t = Plan::default().seed, conflicts_with = "load")]
    seed: u64,
    /// Let requests go wrong: KIND[:ARG][,method=M][,path=P][,skip=N][,times=N], where KIND is
    /// 429[:SECONDS], 500, 500-bare, 503, html, cut-before, cut-after, cut-mid-body, slow[:MS],
    /// truncated-json, field:NAME=VALUE, null-item, duplicate-item, wrong-totals[:N], or of UPS
    /// error-in-200, drop-package, currency:CODE; may be given several times
    #[arg(long = "fault", value_name = "RULE", verbatim_doc_comment)]
    faults: Vec<Rule>,
    /// The consumer key that opens the shop
    #[arg(long, value_name = "KEY", default_value = CONSUMER_KEY)]
    consumer_key: String,
    /// The consumer secret that goes with it; not a real shop's
    #[arg(long, value_name = "SECRET", default_value = CONSUMER_SECRET)]
    consumer_secret: String,
}

/// What a client needs to know of a running sandbox.
#[derive(Debug, Serialize)]
struct Started {
    url: String,
    shop_url: String,
    consumer_key: String,
    consumer_secret: String,
    ups_url: String,
    products: usize,
    variations: usize,
    orders: usize,
    tenant_toml: String,
    /// The file with the certificate to trust; none over plain HTTP.
    tls_cert: Option<PathBuf>,
}

impl Started {
    fn of(sandbox: &Sandbox, tls_cert: Option<PathBuf>) -> Self {
        let (consumer_key, consumer_secret) = sandbox.woo().credentials();
        let (products, variations, orders) = sandbox.woo().sizes();
        let (shop_url, ups_url) = (sandbox.shop_url(), sandbox.ups_url());
        let tenant_toml = format!(
            "[channels.woo]\n\
             kind = \"woocommerce\"\n\
             url = \"{shop_url}\"\n\
             consumer_key = \"env://WOO_KEY\"\n\
             consumer_secret = \"env://WOO_SECRET\"\n\n\
             [carriers.ups]\n\
             kind = \"ups\"\n\
             url = \"{ups_url}\"\n\
             account = \"{ACCOUNT}\"\n\
             client_id = \"env://UPS_ID\"\n\
             client_secret = \"env://UPS_SECRET\"\n"
        );
        Self {
            url: sandbox.url(),
            shop_url,
            consumer_key,
            consumer_secret,
            ups_url,
            products,
            variations,
            orders,
            tenant_toml,
            tls_cert,
        }
    }
}

impl Report for Started {
    fn render(&self, page: &mut Page) {
        page.line(format!("The sandbox listens on {}", self.url));
        page.line(format!(
            "WooCommerce: {} products, {} variations, {} orders",
            self.products, self.variations, self.orders
        ));
        page.line("\nFor a tenant file:\n");
        page.line(&self.tenant_toml);
        page.line("and in the environment:\n");
        page.line(format!("export WOO_KEY={}", self.consumer_key));
        page.line(format!("export WOO_SECRET={}", self.consumer_secret));
        page.line(format!("export UPS_ID={CLIENT_ID}"));
        page.line(format!("export UPS_SECRET={CLIENT_SECRET}"));
        let mut trust = String::new();
        if let Some(file) = &self.tls_cert {
            page.line(format!("export SSL_CERT_FILE={}", file.display()));
            trust = format!("--cacert {} ", file.display());
        }
        page.line(format!(
            "\nSell something: curl {trust}-d '{{\"lines\": [{{\"sku\": \"...\", \"quantity\": 1}}]}}' \
             -H 'Content-Type: application/json' {}/_sandbox/sell",
            self.url
        ));
        page.line(format!(
            "Deliver all parcels: curl {trust}-d '{{\"all\": true, \"stage\": \"D\"}}' \
             -H 'Content-Type: application/json' {}/_sandbox/ups/advance",
            self.url
        ));
        page.line("Ctrl-C stops it.");
    }
}

/// Starts the sandbox, says how to reach it, and serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// The dump cannot be loaded, the address is taken, or the certificate cannot be written.
pub async fn run(args: Args, out: &mut Out) -> anyhow::Result<Exit> {
    let content = match args.load {
        Some(folder) => Content::Folder(folder),
        None => Content::Generated(Plan {
            skus: args.skus,
            seed: args.seed,
            ..Plan::default()
        }),
    };
    // Before anything is said, so that whoever reads it may send one at once.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let sandbox = Sandbox::start(Options {
        listen: args.listen,
        consumer_key: args.consumer_key,
        consumer_secret: args.consumer_secret,
        content,
        tls: args.tls,
        ..Options::default()
    })
    .await
    .map_err(explain)?;
    for rule in args.faults {
        sandbox.faults().inject(rule);
    }
    let tls_cert = match sandbox.certificate() {
        Some(certificate) => Some(write_certificate(&args.tls_cert, certificate)?),
        None => None,
    };
    out.report(&Started::of(&sandbox, tls_cert))?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    out.note("stopping");
    if let Some(folder) = &args.save {
        let doing = || format!("writing the shop to {}", folder.display());
        sandbox.save(folder).with_context(doing)?;
    }
    sandbox.stop().await?;
    Ok(Exit::Done)
}

/// Writes the certificate, and gives the file's absolute path.
fn write_certificate(file: &Path, certificate: &str) -> anyhow::Result<PathBuf> {
    let write = || {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, certificate)?;
        std::path::absolute(file)
    };
    write().with_context(|| format!("writing the certificate to {}", file.display()))
}

fn explain(error: SandboxError) -> anyhow::Error {
    let fault = match &error {
        SandboxError::Listen { .. } => Fault::failed("the sandbox does not start")
            .hint("--listen 127.0.0.1:0 takes a free port"),
        SandboxError::Load(_) => Fault::usage("the dump cannot be loaded")
            .hint("a dump is a folder of products, variations, orders and refunds as JSON lines"),
        _ => Fault::failed("the sandbox does not start"),
    };
    anyhow::Error::from(error).context(fault)
}
