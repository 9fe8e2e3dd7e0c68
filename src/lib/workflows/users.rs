//! People are taken on, let go, and given what proves them. Whoever is disabled, or has
//! something reset, is signed out everywhere by the same transaction.

use barcoders::generators::svg::SVG;
use barcoders::sym::code128::Code128;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::json;

use super::{proof, until_no_conflict};
use crate::context::Context;
use crate::domain::people::{self, PersonError, Role};
use crate::fault::Fault;
use crate::store::events::{self, Event};
use crate::store::users::{self, Hashes, Key, Proof, Row};
use crate::store::{Stamp, StoreError, Tx, sessions};

/// A password or PIN as it is to be.
#[derive(Debug, Clone)]
pub enum New {
    /// This one.
    Given(SecretString),
    /// One that is made up, and shown once.
    Generated,
}

/// What somebody is given to prove themselves; `None` leaves what is there.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// The password.
    pub password: Option<New>,
    /// The PIN.
    pub pin: Option<New>,
    /// A new badge.
    pub badge: bool,
}

/// Somebody to be taken on.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The name they sign in with.
    pub name: String,
    /// The name they are called by; the other by default.
    pub display_name: Option<String>,
    /// Their role.
    pub role: Role,
    /// What proves them; a password is always among it.
    pub secrets: Secrets,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What was made up, to be shown this once.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Shown {
    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The PIN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// The code on the badge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badge: Option<String>,
}

impl Shown {
    /// Whether nothing was made up.
    pub fn is_empty(&self) -> bool {
        self.password.is_none() && self.pin.is_none() && self.badge.is_none()
    }
}

/// What was done to a user.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// The name they sign in with.
    pub name: String,
    /// Their id; none where it is only a plan.
    pub id: Option<i64>,
    /// The name they are called by.
    pub display_name: String,
    /// Their role.
    pub role: Role,
    /// What was done: added, disabled, enabled, reset, set, or unchanged.
    pub done: &'static str,
    /// What was set: password, pin, badge.
    pub set: Vec<&'static str>,
    /// Browsers that were signed out.
    pub signed_out: u64,
    /// What is shown this once.
    #[serde(skip_serializing_if = "Shown::is_empty")]
    pub shown: Shown,
    /// Whether nothing was written because of a dry run.
    pub dry_run: bool,
}

impl From<PersonError> for Fault {
    fn from(error: PersonError) -> Self {
        Self::usage(error.to_string())
    }
}

/// What is to be hashed, and what is shown of it.
struct Prepared {
    set: Vec<&'static str>,
    shown: Shown,
    password: Option<SecretString>,
    pin: Option<SecretString>,
    badge: Option<proof::Badge>,
}

impl Prepared {
    fn new(name: &str, secrets: &Secrets) -> Result<Self, Fault> {
        let mut made = Self {
            set: Vec::new(),
            shown: Shown::default(),
            password: None,
            pin: None,
            badge: None,
        };
        if let Some(password) = &secrets.password {
            made.set.push("password");
            made.password = Some(match password {
                New::Given(given) => {
                    people::password(given.expose_secret(), name)?;
                    given.clone()
                }
                New::Generated => made
                    .shown
                    .password
                    .insert(proof::new_password())
                    .as_str()
                    .into(),
            });
        }
        if let Some(pin) = &secrets.pin {
            made.set.push("pin");
            made.pin = Some(match pin {
                New::Given(given) => {
                    people::pin(given.expose_secret())?;
                    given.clone()
                }
                New::Generated => made.shown.pin.insert(proof::new_pin()).as_str().into(),
            });
        }
        if secrets.badge {
            made.set.push("badge");
            let badge = proof::new_badge();
            made.shown.badge = Some(badge.code.clone());
            made.badge = Some(badge);
        }
        Ok(made)
    }

    /// Hashes it all, before any transaction.
    async fn hash(&self) -> anyhow::Result<Hashes> {
        let mut hashes = Hashes::default();
        if let Some(password) = &self.password {
            hashes.password = Some(proof::hash(password.clone()).await?);
        }
        if let Some(pin) = &self.pin {
            hashes.pin = Some(proof::hash(pin.clone()).await?);
        }
        if let Some(badge) = &self.badge {
            let hash = proof::hash(badge.secret.clone()).await?;
            hashes.badge = Some((badge.key.clone(), hash));
        }
        Ok(hashes)
    }
}

/// Takes somebody on.
///
/// # Errors
/// The name, the password or the PIN is not one, the name is taken, or the store's.
pub async fn add(ctx: &Context, wish: &Wish) -> anyhow::Result<Done> {
    let name = people::name(&wish.name).map_err(Fault::from)?;
    let display_name = wish.display_name.as_deref().unwrap_or(&wish.name);
    let display_name = people::display_name(display_name).map_err(Fault::from)?;
    if wish.secrets.password.is_none() {
        return Err(Fault::usage("somebody new needs a password").into());
    }
    let taken = || {
        Fault::failed(format!("there is already a user {name}")).hint(format!(
            "`opsctl user reset {name}` gives them a new password"
        ))
    };
    let mut tx = ctx.store.read().await?;
    if users::proof(&mut tx, Key::Name(&name)).await?.is_some() {
        return Err(taken().into());
    }
    drop(tx);
    let prepared = Prepared::new(&name, &wish.secrets)?;
    let mut done = Done {
        name: name.clone(),
        id: None,
        display_name: display_name.clone(),
        role: wish.role,
        done: "added",
        set: prepared.set.clone(),
        signed_out: 0,
        shown: Shown::default(),
        dry_run: wish.dry_run,
    };
    if wish.dry_run {
        return Ok(done);
    }
    let hashes = prepared.hash().await?;
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    let added = users::add(&mut tx, &stamp, &name, &display_name, wish.role, &hashes).await;
    match added {
        Ok(id) => done.id = Some(id),
        Err(error) if error.is_duplicate() => return Err(taken().into()),
        Err(error) => return Err(error.into()),
    }
    let facts = json!({ "role": wish.role, "display_name": display_name, "set": done.set });
    tell(&mut tx, &stamp, "user.added", &name, facts).await?;
    ctx.store.commit(tx).await?;
    done.shown = prepared.shown;
    Ok(done)
}

/// All users.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Context) -> anyhow::Result<Vec<Row>> {
    let mut tx = ctx.store.read().await?;
    Ok(users::list(&mut tx, ctx.clock.now()).await?)
}

/// Lets somebody in no longer, or again. Once more changes nothing.
///
/// # Errors
/// There is no such user, they are the last admin, or the store's.
pub async fn disable(
    ctx: &Context,
    name: &str,
    disabled: bool,
    dry_run: bool,
) -> anyhow::Result<Done> {
    until_no_conflict!(async {
        let mut tx = ctx.store.begin().await?;
        let user = the_user(&mut tx, name).await?;
        let mut done = about(
            &user,
            if disabled { "disabled" } else { "enabled" },
            dry_run,
        )?;
        if user.disabled_at.is_some() == disabled {
            done.done = "unchanged";
            return Ok(done);
        }
        if disabled {
            keep_an_admin(&mut tx, &user).await?;
        }
        let stamp = ctx.stamp();
        users::set_disabled(&mut tx, &stamp, user.id, disabled).await?;
        done.signed_out = sessions::delete_of_user(&mut tx, user.id).await?;
        let kind = if disabled {
            "user.disabled"
        } else {
            "user.enabled"
        };
        tell(&mut tx, &stamp, kind, &user.name, json!({})).await?;
        if !dry_run {
            ctx.store.commit(tx).await?;
        }
        anyhow::Ok(done)
    })
}

/// Gives somebody a new password, PIN or badge.
///
/// # Errors
/// There is no such user, nothing is to be reset, what is given is not fit, or the store's.
pub async fn reset(
    ctx: &Context,
    name: &str,
    secrets: &Secrets,
    dry_run: bool,
) -> anyhow::Result<Done> {
    let mut tx = ctx.store.read().await?;
    let user = the_user(&mut tx, name).await?;
    drop(tx);
    let prepared = Prepared::new(&user.name, secrets)?;
    if prepared.set.is_empty() {
        let fault = Fault::usage("nothing is to be reset");
        return Err(fault.hint("say which: password, PIN or badge").into());
    }
    let mut done = about(&user, "reset", dry_run)?;
    done.set.clone_from(&prepared.set);
    if dry_run {
        return Ok(done);
    }
    let hashes = prepared.hash().await?;
    done.signed_out = until_no_conflict!(write_reset(ctx, &user, &hashes, &prepared.set))?;
    done.shown = prepared.shown;
    Ok(done)
}

async fn write_reset(
    ctx: &Context,
    user: &Proof,
    hashes: &Hashes,
    set: &[&'static str],
) -> anyhow::Result<u64> {
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    users::set_hashes(&mut tx, &stamp, user.id, hashes).await?;
    let signed_out = sessions::delete_of_user(&mut tx, user.id).await?;
    tell(
        &mut tx,
        &stamp,
        "user.reset",
        &user.name,
        json!({ "set": set }),
    )
    .await?;
    ctx.store.commit(tx).await?;
    Ok(signed_out)
}

/// Changes what somebody is called or may do; `None` leaves it.
///
/// # Errors
/// There is no such user, they are the last admin, or the store's.
pub async fn set(
    ctx: &Context,
    name: &str,
    role: Option<Role>,
    display_name: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Done> {
    let display_name = display_name.map(people::display_name).transpose();
    let display_name = display_name.map_err(Fault::from)?;
    until_no_conflict!(async {
        let mut tx = ctx.store.begin().await?;
        let user = the_user(&mut tx, name).await?;
        let mut done = about(&user, "set", dry_run)?;
        let before = (done.role, done.display_name.clone());
        done.role = role.unwrap_or(done.role);
        if let Some(called) = &display_name {
            done.display_name.clone_from(called);
        }
        if before == (done.role, done.display_name.clone()) {
            done.done = "unchanged";
            return Ok(done);
        }
        if done.role != Role::Admin {
            keep_an_admin(&mut tx, &user).await?;
        }
        let stamp = ctx.stamp();
        users::set_role(&mut tx, &stamp, user.id, &done.display_name, done.role).await?;
        let facts = json!({
            "role": done.role, "display_name": done.display_name,
            "before": { "role": before.0, "display_name": before.1 },
        });
        tell(&mut tx, &stamp, "user.set", &user.name, facts).await?;
        if !dry_run {
            ctx.store.commit(tx).await?;
        }
        anyhow::Ok(done)
    })
}

/// A badge's code as a Code 128 to print, as SVG.
///
/// # Errors
/// The code has characters that Code 128 has not.
pub fn badge_picture(code: &str) -> Result<String, Fault> {
    let broken = |error| Fault::failed(format!("the badge cannot be drawn: {error}"));
    // U+0181 asks for the character set B.
    let bars = Code128::new(format!("\u{181}{code}")).map_err(broken)?;
    SVG::new(80).xdim(2).generate(bars.encode()).map_err(broken)
}

fn about(user: &Proof, done: &'static str, dry_run: bool) -> Result<Done, Fault> {
    Ok(Done {
        name: user.name.clone(),
        id: Some(user.id),
        display_name: user.display_name.clone(),
        role: user.role.parse().map_err(Fault::from)?,
        done,
        set: Vec::new(),
        signed_out: 0,
        shown: Shown::default(),
        dry_run,
    })
}

async fn the_user(tx: &mut Tx, name: &str) -> anyhow::Result<Proof> {
    let wanted = name.trim().to_ascii_lowercase();
    let found = users::proof(tx, Key::Name(&wanted)).await?;
    Ok(found.ok_or_else(|| {
        let name: String = name.chars().take(40).collect();
        Fault::failed(format!("there is no user {name:?}")).hint("`opsctl user list` names them")
    })?)
}

/// Refuses to take the last admin away: nobody could let anybody in again.
async fn keep_an_admin(tx: &mut Tx, user: &Proof) -> anyhow::Result<()> {
    let counts = user.role == Role::Admin.as_str() && user.disabled_at.is_none();
    if counts && users::admins(tx).await? <= 1 {
        let text = format!("{} is the last admin who can sign in", user.name);
        return Err(Fault::failed(text)
            .hint("make somebody else an admin first")
            .into());
    }
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    stamp: &Stamp,
    kind: &'static str,
    name: &str,
    facts: serde_json::Value,
) -> Result<(), StoreError> {
    let fact = Event::new(kind, format!("user:{name}"), facts);
    events::append(tx, stamp, &[fact]).await
}
