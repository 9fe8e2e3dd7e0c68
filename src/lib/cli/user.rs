//! `opsctl user add | list | set | disable | enable | reset`: who may use the pages. What is
//! made up for somebody is shown this once. A rerun of disable, enable and set changes
//! nothing; add refuses a name that is there; reset makes new secrets each time.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use super::{DryRun, Out, Page, Report};
use crate::context::Context;
use crate::domain::people::Role;
use crate::domain::time::UtcMs;
use crate::fault::{Exit, Fault};
use crate::store::users::Row;
use crate::workflows::users::{self, Done, New, Secrets, Wish};

/// Arguments of `opsctl user`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Let somebody in; the password is asked for, or read, or made up
    Add {
        /// The name to sign in with: a-z, 0-9, dot, hyphen, underscore
        name: String,
        /// packer: picks and packs. manager: also sees orders and stock. admin: also lets
        /// people in
        #[arg(long)]
        role: Role,
        /// The name to be called by
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// Also a PIN, for the station
        #[arg(long)]
        pin: bool,
        #[command(flatten)]
        given: Given,
        #[command(flatten)]
        dry: DryRun,
    },
    /// List them
    List,
    /// Change what somebody is called or may do
    Set {
        /// Who
        name: String,
        /// packer, manager or admin
        #[arg(long, required_unless_present = "display_name")]
        role: Option<Role>,
        /// The name to be called by
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Let somebody in no longer, and sign them out everywhere
    Disable {
        /// Who
        name: String,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Let somebody in again
    Enable {
        /// Who
        name: String,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Give somebody a new password, PIN or badge, and sign them out everywhere
    Reset {
        /// Who
        name: String,
        /// A new password
        #[arg(long)]
        password: bool,
        /// A new PIN
        #[arg(long)]
        pin: bool,
        #[command(flatten)]
        given: Given,
        #[command(flatten)]
        dry: DryRun,
    },
}

/// Where secrets come from, and whether there is a badge.
#[derive(Debug, clap::Args)]
struct Given {
    /// Make up password and PIN, and show them this once
    #[arg(long, conflicts_with = "password_stdin")]
    generate: bool,
    /// Read the password, and on the next line the PIN, from stdin
    #[arg(long)]
    password_stdin: bool,
    /// A new badge; its code is shown this once
    #[arg(long)]
    badge: bool,
    /// Write the new badge as a barcode to print
    #[arg(long, value_name = "FILE", requires = "badge")]
    badge_svg: Option<PathBuf>,
}

impl Given {
    /// What is to be set, asked for where it is not made up. A dry run asks for nothing.
    fn secrets(&self, password: bool, pin: bool, dry: DryRun) -> anyhow::Result<Secrets> {
        let one = |wanted: bool, what: &str| {
            wanted
                .then(|| {
                    if self.generate || dry.dry_run {
                        return Ok(New::Generated);
                    }
                    self.read(what).map(New::Given)
                })
                .transpose()
        };
        Ok(Secrets {
            password: one(password, "Password")?,
            pin: one(pin, "PIN")?,
            badge: self.badge,
        })
    }

    /// A line of stdin, or one typed unseen, twice.
    fn read(&self, what: &str) -> anyhow::Result<SecretString> {
        if !self.password_stdin && std::io::stdin().is_terminal() {
            let ask = |prompt: String| -> anyhow::Result<Zeroizing<String>> {
                let typed = rpassword::prompt_password(prompt);
                Ok(Zeroizing::new(
                    typed.with_context(|| format!("asking for the {what}"))?,
                ))
            };
            let first = ask(format!("{what}: "))?;
            if *first != *ask(format!("{what} again: "))? {
                return Err(Fault::usage("the two are not the same").into());
            }
            return Ok(SecretString::from(first.as_str()));
        }
        if !self.password_stdin {
            let fault = Fault::usage(format!("there is no terminal to ask for the {what} on"));
            return Err(fault.hint("say --generate, or --password-stdin").into());
        }
        let mut line = Zeroizing::new(String::new());
        let read = std::io::stdin().lock().read_line(&mut line);
        read.with_context(|| format!("reading the {what} from stdin"))?;
        Ok(SecretString::from(line.trim_end_matches(['\n', '\r'])))
    }
}

impl Report for Done {
    fn render(&self, page: &mut Page) {
        let (name, called) = (&self.name, &self.display_name);
        if self.done == "unchanged" {
            page.line(format!("{name}: nothing to change."));
            return;
        }
        let would = if self.dry_run { "would be " } else { "" };
        let set = self.set.join(", ");
        let set = if set.is_empty() {
            set
        } else {
            format!(": {set}")
        };
        page.line(format!(
            "{name} ({called}, {}) {would}{}{set}.",
            self.role, self.done
        ));
        if self.signed_out > 0 {
            page.line(format!("Signed out of {} browsers.", self.signed_out));
        }
        let shown = [
            ("Password", &self.shown.password),
            ("PIN", &self.shown.pin),
            ("Badge", &self.shown.badge),
        ];
        for (what, value) in shown {
            if let Some(value) = value {
                page.line(format!("{what}: {value}"));
            }
        }
        if !self.shown.is_empty() {
            page.line("This is shown only now.");
        }
    }
}

#[derive(Serialize)]
struct List {
    users: Vec<Row>,
}

impl Report for List {
    fn render(&self, page: &mut Page) {
        if self.users.is_empty() {
            page.line("Nobody may sign in yet: opsctl user add NAME --role admin --generate");
            return;
        }
        let rows = self.users.iter().map(|user| {
            let with = [("PIN", user.has_pin), ("badge", user.has_badge)];
            let with = with.iter().filter(|(_, has)| *has).map(|(what, _)| *what);
            let with: Vec<&str> = std::iter::once("password").chain(with).collect();
            let state = match user.disabled_at {
                Some(at) => format!("disabled {}", UtcMs(at)),
                None => "may sign in".to_owned(),
            };
            vec![
                user.name.clone(),
                user.display_name.clone(),
                user.role.clone(),
                with.join(", "),
                user.sessions.to_string(),
                state,
            ]
        });
        let headings = [
            "name",
            "called",
            "role",
            "signs in by",
            "signed in#",
            "state",
        ];
        page.table(&headings, rows);
    }
}

/// Runs the command.
///
/// # Errors
/// The workflow's, or a secret cannot be read.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Add {
            name,
            role,
            display_name,
            pin,
            given,
            dry,
        } => {
            let wish = Wish {
                name: name.clone(),
                display_name: display_name.clone(),
                role: *role,
                secrets: given.secrets(true, *pin, *dry)?,
                dry_run: dry.dry_run,
            };
            let done = users::add(ctx, &wish).await?;
            show(out, &done, given.badge_svg.as_deref())?;
        }
        Command::List => out.report(&List {
            users: users::list(ctx).await?,
        })?,
        Command::Set {
            name,
            role,
            display_name,
            dry,
        } => {
            let called = display_name.as_deref();
            out.report(&users::set(ctx, name, *role, called, dry.dry_run).await?)?;
        }
        Command::Disable { name, dry } => {
            out.report(&users::disable(ctx, name, true, dry.dry_run).await?)?;
        }
        Command::Enable { name, dry } => {
            out.report(&users::disable(ctx, name, false, dry.dry_run).await?)?;
        }
        Command::Reset {
            name,
            password,
            pin,
            given,
            dry,
        } => {
            let secrets = given.secrets(*password, *pin, *dry)?;
            let done = users::reset(ctx, name, &secrets, dry.dry_run).await?;
            show(out, &done, given.badge_svg.as_deref())?;
        }
    }
    Ok(Exit::Done)
}

/// The report, and the badge in a file. The report comes first: its secrets are shown once.
fn show(out: &mut Out, done: &Done, svg: Option<&Path>) -> anyhow::Result<()> {
    out.report(done)?;
    if let (Some(file), Some(code)) = (svg, &done.shown.badge) {
        let picture = users::badge_picture(code)?;
        let doing = || format!("writing the badge to {}", file.display());
        std::fs::write(file, picture).with_context(doing)?;
    }
    Ok(())
}
