//! What proves somebody: made, hashed and held against its hash. Hashing takes a good part of
//! a processor and 19 MB for some 50 ms on purpose, so at most two are under way at once.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::domain::people;

/// Memory in KiB, passes, lanes: OWASP's figures for argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);

static TURNS: Semaphore = Semaphore::const_new(2);

/// Crockford's base 32: no I, L, O, U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// What a badge's code starts with.
pub const BADGE: &str = "OPSUSER";
/// Letters of the key, which finds the owner.
const KEY: usize = 6;
/// Letters of the secret: 130 bits.
const SECRET: usize = 26;

fn argon() -> anyhow::Result<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None)
        .map_err(|error| anyhow::anyhow!("the cost of hashing: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a secret, in PHC form.
///
/// # Errors
/// Hashing fails, for want of memory.
pub async fn hash(secret: SecretString) -> anyhow::Result<String> {
    let _turn = TURNS.acquire().await?;
    tokio::task::spawn_blocking(move || {
        let salt: [u8; 16] = rand::rng().random();
        let salt = SaltString::encode_b64(&salt).map_err(|e| anyhow::anyhow!("the salt: {e}"))?;
        let hash = argon()?
            .hash_password(secret.expose_secret().as_bytes(), &salt)
            .map_err(|error| anyhow::anyhow!("hashing: {error}"))?;
        Ok(hash.to_string())
    })
    .await?
}

/// Whether a secret is the one behind a hash. Without a hash to hold it against, as long is
/// spent and the answer is no: nobody learns by the time it takes who is here.
///
/// # Errors
/// Hashing fails, for want of memory.
pub async fn verify(secret: SecretString, hash: Option<String>) -> anyhow::Result<bool> {
    let _turn = TURNS.acquire().await?;
    tokio::task::spawn_blocking(move || {
        let argon = argon()?;
        let bytes = secret.expose_secret().as_bytes();
        if let Some(hash) = &hash
            && let Ok(stored) = PasswordHash::new(hash)
        {
            return Ok(argon.verify_password(bytes, &stored).is_ok());
        }
        let mut spent = [0; 32];
        argon
            .hash_password_into(bytes, &[0; 16], &mut spent)
            .map_err(|error| anyhow::anyhow!("hashing: {error}"))?;
        Ok(false)
    })
    .await?
}

fn letters(count: usize) -> String {
    let mut random = rand::rng();
    let letter = |_| char::from(LETTERS[random.random_range(0..LETTERS.len())]);
    (0..count).map(letter).collect()
}

/// A badge: its key, its secret, and the code that is printed on it.
pub struct Badge {
    /// What finds its owner.
    pub key: String,
    /// What proves the owner.
    pub secret: SecretString,
    /// What the scanner reads.
    pub code: String,
}

/// A new badge.
#[must_use]
pub fn new_badge() -> Badge {
    let (key, secret) = (letters(KEY), letters(SECRET));
    Badge {
        code: format!("{BADGE}{key}{secret}"),
        key,
        secret: secret.into(),
    }
}

/// Key and secret of a scanned badge, where the code is one.
#[must_use]
pub fn read_badge(code: &str) -> Option<(String, SecretString)> {
    let code = code.trim().to_ascii_uppercase();
    let rest = code.strip_prefix(BADGE)?;
    let fits = rest.len() == KEY + SECRET && rest.bytes().all(|b| LETTERS.contains(&b));
    fits.then(|| (rest[..KEY].to_owned(), rest[KEY..].into()))
}

/// A password that is read out once and typed once: four groups of five letters, 100 bits.
#[must_use]
pub fn new_password() -> String {
    let groups: Vec<String> = (0..4).map(|_| letters(5).to_ascii_lowercase()).collect();
    groups.join("-")
}

/// A PIN of six digits, none of those that are tried first.
#[must_use]
pub fn new_pin() -> String {
    loop {
        let pin = format!("{:06}", rand::rng().random_range(0..1_000_000));
        if people::pin(&pin).is_ok() {
            return pin;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_held_against_its_own_hash_alone() {
        let hashed = hash("correct horse".into()).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let right = verify("correct horse".into(), Some(hashed.clone())).await;
        assert!(right.unwrap());
        assert!(!verify("correct horsf".into(), Some(hashed)).await.unwrap());
        assert!(!verify("correct horse".into(), None).await.unwrap());
        let broken = verify(String::new().into(), Some(String::new())).await;
        assert!(!broken.unwrap());
    }

    #[test]
    fn a_badge_reads_as_it_was_made() {
        let badge = new_badge();
        let (key, secret) = read_badge(&format!(" {}\r", badge.code.to_lowercase())).unwrap();
        assert_eq!(key, badge.key);
        assert_eq!(secret.expose_secret(), badge.secret.expose_secret());
        for other in [
            "",
            "OPSUSER",
            "OPSUSERABC",
            "MUG",
            &format!("{}0", badge.code),
        ] {
            assert!(read_badge(other).is_none(), "{other}");
        }
    }

    #[test]
    fn what_is_made_up_follows_the_rules() {
        assert!(people::password(&new_password(), "ada").is_ok());
        assert!(people::pin(&new_pin()).is_ok());
    }
}
