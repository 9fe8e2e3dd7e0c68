//! `opsctl init NAME`: a new tenant, from its file to its empty database, and what to fill
//! in next. Never overwrites anything; run again, it makes what is still missing.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use super::{DryRun, Globals, Out, Page, Report, start};
use crate::config::{self, Channel, Refusal, SecretRef, Template, Tenant};
use crate::context::Clock;
use crate::fault::{Exit, Fault};
use crate::store::connect::Missing;
use crate::vault::{self, Secrets};

/// The shop's address in a file that was made without one.
const NO_SHOP: &str = "https://shop.example";

/// Arguments of `opsctl init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to call the tenant: lower-case letters, digits and hyphens
    name: String,
    /// Where its data lives: `sqlite` for a file under var/NAME/, or an address such as
    /// mysql://USER@HOST/DATABASE (the database must be there)
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// The shop's address, without /wp-json
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The IANA time zone of its business dates [default: UTC]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// The ISO 4217 currency of its books [default: EUR]
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    #[command(flatten)]
    dry: DryRun,
}

/// What was made, or would be.
#[derive(Serialize)]
struct Begun {
    dry_run: bool,
    tenant: String,
    made: Vec<Piece>,
    /// What is left to do, in order.
    next: Vec<String>,
}

#[derive(Serialize)]
struct Piece {
    what: &'static str,
    place: String,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It was made, or would be.
    Made,
    /// It was there, and was left as it is.
    Kept,
    /// It cannot be made before something else is filled in.
    Waits,
}

impl State {
    fn of(made: bool) -> Self {
        if made { Self::Made } else { Self::Kept }
    }
}

impl Report for Begun {
    fn render(&self, page: &mut Page) {
        let rows = self.made.iter().map(|piece| {
            let state = match (piece.state, self.dry_run) {
                (State::Made, false) => "made",
                (State::Made, true) => "would be made",
                (State::Kept, _) => "is there",
                (State::Waits, _) => "waits for its password",
            };
            vec![piece.what.to_owned(), piece.place.clone(), state.to_owned()]
        });
        page.table(&["what", "where", "state"], rows);
        if !self.next.is_empty() {
            page.line("\nNext:");
            for (number, step) in (1..).zip(&self.next) {
                page.line(format!("{number}. {step}"));
            }
        }
    }
}

/// Runs the command.
///
/// # Errors
/// An argument is wrong, a file is there that says something else, or a step fails; what was
/// made before it stays, and a repeat goes on from there.
pub async fn run(args: &Args, globals: &Globals, out: &mut Out) -> anyhow::Result<Exit> {
    let dry_run = args.dry.dry_run;
    let path = config::file_of(&globals.tenants_dir, &args.name);
    let wanted = Wanted::new(args, &globals.tenants_dir)?;
    let (tenant, written) = if path.exists() {
        let tenant = Tenant::load(&globals.tenants_dir, &args.name).map_err(Fault::from)?;
        agrees(args, &wanted.tenant, &tenant, &path)?;
        (tenant, false)
    } else {
        if !dry_run {
            write_new(&path, &wanted.text)?;
        }
        (wanted.tenant, true)
    };

    let secret = |error: vault::VaultError| error.fault(&args.name);
    let (vault_file, identity) = (Path::new(&tenant.vault.file), &tenant.vault.identity);
    let vault = vault::init(vault_file, identity, &[], dry_run).map_err(secret)?;
    let secrets = start::secrets(&tenant);
    let store = make_store(&tenant, &secrets, dry_run).await?;

    let piece = |what, place: &str, state| Piece {
        what,
        place: place.to_owned(),
        state,
    };
    out.report(&Begun {
        dry_run,
        tenant: args.name.clone(),
        made: vec![
            piece(
                "tenant file",
                &path.display().to_string(),
                State::of(written),
            ),
            piece("identity", &identity.to_string(), State::of(vault.identity)),
            piece("vault", &tenant.vault.file, State::of(vault.vault)),
            piece("database", &tenant.store.url, store),
        ],
        next: next_steps(&tenant, &secrets, globals, &path, store),
    })?;
    Ok(Exit::Done)
}

/// The tenant that the arguments describe.
struct Wanted {
    text: String,
    tenant: Tenant,
}

impl Wanted {
    fn new(args: &Args, tenants_dir: &Path) -> Result<Self, Fault> {
        let own = format!("sqlite://var/{}/opsctl.db", args.name);
        let template = Template {
            name: &args.name,
            store: match args.store.as_deref() {
                None | Some("sqlite") => &own,
                Some(address) => address,
            },
            shop: args.url.as_deref().unwrap_or(NO_SHOP),
            timezone: args.timezone.as_deref().unwrap_or("UTC"),
            currency: args.currency.as_deref().unwrap_or("EUR"),
            schema: tenants_dir.join("schema.json").is_file(),
        };
        template
            .check()
            .map_err(|(what, refusal)| refused(what, refusal))?;
        let text = template.text();
        let path = config::file_of(tenants_dir, &args.name);
        let tenant = Tenant::parse(&text, &path).map_err(Fault::from)?;
        Ok(Self { text, tenant })
    }
}

fn refused(what: &str, refusal: Refusal) -> Fault {
    let fault = Fault::usage(format!("{what}: {refusal}"));
    match refusal.help {
        Some(help) => fault.hint(help),
        None => fault,
    }
}

/// A file that is there must say what the options say.
fn agrees(args: &Args, wanted: &Tenant, there: &Tenant, path: &Path) -> Result<(), Fault> {
    let shop = |tenant: &Tenant| {
        let Channel::WooCommerce(shop) = tenant.channels.get("woo")?;
        Some(shop.url.clone())
    };
    let (theirs, ours) = (&there.tenant, &wanted.tenant);
    let differs = [
        (
            "--store",
            args.store.is_some() && there.store.url != wanted.store.url,
        ),
        ("--url", args.url.is_some() && shop(there) != shop(wanted)),
        (
            "--timezone",
            args.timezone.is_some() && theirs.timezone != ours.timezone,
        ),
        (
            "--currency",
            args.currency.is_some() && theirs.currency != ours.currency,
        ),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((option, _)) => Err(Fault::usage(format!(
            "{} is there already and does not agree with {option}",
            path.display()
        ))
        .hint("init never changes a file: edit it, or leave the option out")),
    }
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = File::create_new(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("writing {}", path.display()))
}

/// Makes the database's tables, unless the password it needs is still to be kept.
async fn make_store(tenant: &Tenant, secrets: &Secrets, dry_run: bool) -> anyhow::Result<State> {
    let name = &tenant.tenant.name;
    let password = tenant.store.password.as_ref();
    if password.is_some_and(|password| secrets.resolve(password).is_err()) {
        return Ok(State::Waits);
    }
    let file = tenant.store.url.strip_prefix("sqlite://");
    let to_make = if dry_run && file.is_some_and(|file| !Path::new(file).exists()) {
        true
    } else if dry_run {
        let store = start::store(tenant, secrets, Missing::Refuse).await?;
        let steps = store.migration_steps().await;
        store.close().await;
        steps?.iter().any(|step| !step.applied)
    } else {
        let store = start::store(tenant, secrets, Missing::Create).await?;
        let taken = store.migrate(name, Clock::System.now()).await;
        store.close().await;
        !taken?.is_empty()
    };
    Ok(State::of(to_make))
}

/// What is left for a person to do.
fn next_steps(
    tenant: &Tenant,
    secrets: &Secrets,
    globals: &Globals,
    path: &Path,
    store: State,
) -> Vec<String> {
    let name = &tenant.tenant.name;
    let dir = &globals.tenants_dir;
    let opsctl = if dir == Path::new("tenants") {
        "opsctl".to_owned()
    } else {
        format!("opsctl --tenants-dir {}", dir.display())
    };
    // The command that keeps a secret, where it is not kept yet.
    let missing = |reference: &SecretRef| match reference {
        _ if secrets.resolve(reference).is_ok() => None,
        SecretRef::Vault { path, key } => {
            Some(format!("{opsctl} --tenant {name} vault set {path} {key}"))
        }
        elsewhere => Some(format!("(where the tenant file looks for it: {elsewhere})")),
    };

    let mut steps = Vec::new();
    let unsaid = unsaid(tenant);
    if !unsaid.is_empty() {
        steps.push(format!(
            "In {}, fill in {}.",
            path.display(),
            unsaid.join(", ")
        ));
    }
    if let (State::Waits, Some(command)) = (store, tenant.store.password.as_ref().and_then(missing))
    {
        steps.push(format!(
            "Keep the database's password, then make its tables:\n   {command}\n   {opsctl} init {name}"
        ));
    }
    if let Some(Channel::WooCommerce(shop)) = tenant.channels.get("woo") {
        let keys = [&shop.consumer_key, &shop.consumer_secret];
        let commands: Vec<String> = keys.into_iter().filter_map(missing).collect();
        if !commands.is_empty() {
            steps.push(format!(
                "Make an API key in the shop (WooCommerce, Settings, Advanced, REST API; read \
                 and write), and keep it:\n   {}",
                commands.join("\n   ")
            ));
        }
    }
    steps.push(format!(
        "Check the file: {opsctl} --tenant {name} config check"
    ));
    steps
}

/// What still stands in the file as it was made.
fn unsaid(tenant: &Tenant) -> Vec<&'static str> {
    let mut unsaid = Vec::new();
    if tenant.tenant.display_name == tenant.tenant.name {
        unsaid.push("the name customers know");
    }
    if tenant.tenant.timezone == chrono_tz::UTC {
        unsaid.push("the time zone");
    }
    if matches!(tenant.channels.get("woo"), Some(Channel::WooCommerce(shop)) if shop.url == NO_SHOP)
    {
        unsaid.push("the shop's address");
    }
    unsaid
}
