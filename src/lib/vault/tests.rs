//! A vault on disk: kept whole, kept private, and clear about what is wrong.

use std::fs;
use std::path::PathBuf;
use std::sync::Barrier;

use secrecy::{ExposeSecret, SecretString};

use super::{Change, Identity, Secrets, Vault, VaultError, init};
use crate::domain::secret_ref::SecretRef;
use crate::fault::Exit;

const PLANTED: &str = "cs_planted/Zq9+value==7";

struct Place {
    folder: tempfile::TempDir,
    file: PathBuf,
    identity: SecretRef,
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn reference(&self, name: &str) -> SecretRef {
        SecretRef::File(self.path(name).display().to_string())
    }

    fn set(&self, path: &str, key: &str, value: &str) -> Change {
        Vault::update(&self.file, &self.identity, |vault| {
            vault.set(path, key, SecretString::from(value))
        })
        .unwrap()
    }

    fn secrets(&self) -> Secrets {
        Secrets::new(&self.file, self.identity.clone())
    }
}

fn empty_place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place {
        file: folder.path().join("var/acme/vault.age"),
        identity: SecretRef::File(folder.path().join("identity.txt").display().to_string()),
        folder,
    }
}

fn place() -> Place {
    let place = empty_place();
    init(&place.file, &place.identity, &[], false).unwrap();
    place
}

fn entry(path: &str, key: &str) -> SecretRef {
    SecretRef::Vault {
        path: path.to_owned(),
        key: key.to_owned(),
    }
}

#[cfg(unix)]
fn set_mode(file: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_set_is_read_again_and_stands_nowhere_in_clear() {
    let place = place();
    assert_eq!(place.set("woo", "consumer_secret", "old"), Change::Added);
    assert_eq!(
        place.set("woo", "consumer_secret", PLANTED),
        Change::Replaced
    );
    place.set("store", "password", "two\nlines");
    let vault = Vault::open(&place.file, &place.identity).unwrap();
    assert_eq!(
        vault.list().collect::<Vec<_>>(),
        [("store", "password"), ("woo", "consumer_secret")]
    );
    assert_eq!(
        vault.get("woo", "consumer_secret").unwrap().expose_secret(),
        PLANTED
    );
    let text = fs::read_to_string(&place.file).unwrap();
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    for shown in [text, format!("{vault:?}"), format!("{:?}", place.secrets())] {
        assert!(!shown.contains("planted"), "{shown}");
    }
}

#[test]
fn a_repeat_leaves_the_file_as_it_is() {
    let place = place();
    place.set("woo", "consumer_key", PLANTED);
    let bytes = fs::read(&place.file).unwrap();
    assert_eq!(place.set("woo", "consumer_key", PLANTED), Change::Unchanged);
    let made = init(&place.file, &place.identity, &[], false).unwrap();
    assert!(!made.identity && !made.vault);
    assert_eq!(fs::read(&place.file).unwrap(), bytes);
}

#[test]
fn an_entry_is_removed_and_its_empty_group_with_it() {
    let place = place();
    place.set("woo", "consumer_key", PLANTED);
    let remove = || {
        Vault::update(&place.file, &place.identity, |v| {
            v.remove("woo", "consumer_key")
        })
    };
    assert_eq!(remove().unwrap(), Change::Removed);
    let vault = Vault::open(&place.file, &place.identity).unwrap();
    assert_eq!(vault.list().count(), 0);
    assert!(matches!(remove(), Err(VaultError::EntryMissing { .. })));
}

#[test]
fn names_and_values_that_no_reference_can_lead_to_are_refused() {
    let place = place();
    let set = |path: &str, value: &str| {
        Vault::update(&place.file, &place.identity, |vault| {
            vault.set(path, "key", SecretString::from(value))
        })
    };
    assert!(matches!(set("a b", "value"), Err(VaultError::Name)));
    assert!(matches!(set("", "value"), Err(VaultError::Name)));
    assert!(matches!(set("a", ""), Err(VaultError::Empty)));
}

#[test]
fn eight_who_set_at_once_lose_nothing() {
    let place = place();
    let start = Barrier::new(8);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (place, start) = (&place, &start);
            scope.spawn(move || {
                start.wait();
                for turn in 0..5 {
                    place.set(&format!("w{writer}"), &format!("k{turn}"), "value");
                }
            });
        }
    });
    let vault = Vault::open(&place.file, &place.identity).unwrap();
    assert_eq!(vault.list().count(), 40);
}

#[test]
fn every_recipient_opens_it_also_after_a_change() {
    let place = empty_place();
    let colleague = Identity::generate();
    colleague.write_new(&place.path("colleague.txt")).unwrap();
    init(
        &place.file,
        &place.identity,
        &colleague.public_keys(),
        false,
    )
    .unwrap();
    place.set("woo", "consumer_key", PLANTED);
    let vault = Vault::open(&place.file, &place.reference("colleague.txt")).unwrap();
    assert_eq!(vault.recipients().len(), 2);
    assert_eq!(
        vault.get("woo", "consumer_key").unwrap().expose_secret(),
        PLANTED
    );
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    place.set("woo", "consumer_key", PLANTED);
    for file in [place.file.clone(), place.path("identity.txt")] {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    set_mode(&place.path("identity.txt"), 0o644);
    let refused = Vault::open(&place.file, &place.identity).unwrap_err();
    assert!(matches!(
        refused,
        VaultError::IdentityOpen { mode: 0o644, .. }
    ));
    assert!(refused.hint("acme").unwrap().starts_with("chmod 600 "));
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let place = place();
    let (vault, identity) = (
        fs::read(&place.file).unwrap(),
        fs::read(place.path("identity.txt")).unwrap(),
    );
    let stranger = Identity::generate();
    let again = init(&place.file, &place.identity, &stranger.public_keys(), false);
    assert!(matches!(again, Err(VaultError::VaultExists(_))));
    assert!(matches!(
        Vault::create(&place.file, &stranger.public_keys()),
        Err(VaultError::VaultExists(_))
    ));
    assert!(stranger.write_new(&place.path("identity.txt")).is_err());
    assert_eq!(fs::read(&place.file).unwrap(), vault);
    assert_eq!(fs::read(place.path("identity.txt")).unwrap(), identity);
}

#[test]
fn a_lost_identity_is_not_made_anew_beside_its_vault() {
    let place = place();
    fs::remove_file(place.path("identity.txt")).unwrap();
    let refused = init(&place.file, &place.identity, &[], false).unwrap_err();
    assert!(matches!(refused, VaultError::IdentityMissing(_)));
    assert!(!place.path("identity.txt").exists());
}

#[test]
fn a_dry_run_of_init_writes_nothing() {
    let place = empty_place();
    let made = init(&place.file, &place.identity, &[], true).unwrap();
    assert!(made.identity && made.vault && made.recipients.is_empty());
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[test]
fn a_vault_that_does_not_open_says_why() {
    let place = place();
    Identity::generate()
        .write_new(&place.path("stranger.txt"))
        .unwrap();
    fs::write(place.path("empty.txt"), "# nothing\n").unwrap();
    fs::write(place.path("raw.txt"), PLANTED).unwrap();
    #[cfg(unix)]
    for file in ["empty.txt", "raw.txt"] {
        set_mode(&place.path(file), 0o600);
    }
    let with = |name: &str| Vault::open(&place.file, &place.reference(name)).unwrap_err();
    assert!(matches!(
        with("stranger.txt"),
        VaultError::WrongIdentity { .. }
    ));
    assert!(matches!(
        with("empty.txt"),
        VaultError::IdentityUnreadable(_)
    ));
    assert!(matches!(with("raw.txt"), VaultError::IdentityUnreadable(_)));
    assert!(matches!(
        with("missing.txt"),
        VaultError::IdentityMissing(_)
    ));

    let whole = fs::read_to_string(&place.file).unwrap();
    let middle = whole.len() / 2;
    let flipped = if whole.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    let mut damaged = whole.clone();
    damaged.replace_range(middle..=middle, flipped);
    for content in [&damaged, &whole[..middle], "", "not a vault"] {
        fs::write(&place.file, content).unwrap();
        let error = Vault::open(&place.file, &place.identity).unwrap_err();
        assert!(
            matches!(
                error,
                VaultError::Damaged { .. } | VaultError::WrongIdentity { .. }
            ),
            "{error:?}"
        );
    }
    fs::remove_file(&place.file).unwrap();
    assert!(matches!(
        Vault::open(&place.file, &place.identity),
        Err(VaultError::VaultMissing(_))
    ));
}

#[test]
fn references_are_resolved_and_remembered() {
    let place = place();
    place.set("woo", "consumer_secret", PLANTED);
    fs::write(place.path("token"), "from-a-file\r\n").unwrap();
    let secrets = place.secrets();
    let value = |reference: &SecretRef| {
        secrets
            .resolve(reference)
            .map(|value| value.expose_secret().to_owned())
    };
    assert_eq!(value(&entry("woo", "consumer_secret")).unwrap(), PLANTED);
    assert_eq!(value(&entry("woo", "consumer_secret")).unwrap(), PLANTED);
    assert_eq!(value(&place.reference("token")).unwrap(), "from-a-file");
    assert_eq!(
        value(&SecretRef::Env("CARGO_PKG_NAME".into())).unwrap(),
        "opsctl"
    );
    let known = secrets.known();
    let known: Vec<&str> = known.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(known, [PLANTED, "from-a-file", "opsctl"]);
    assert!(!format!("{secrets:?}").contains("planted"));
}

#[test]
fn the_vault_is_opened_once_and_only_when_it_is_needed() {
    let place = place();
    place.set("woo", "consumer_key", PLANTED);
    let nowhere = Secrets::new(place.path("no/vault.age"), place.identity.clone());
    assert!(
        nowhere
            .resolve(&SecretRef::Env("CARGO_PKG_NAME".into()))
            .is_ok()
    );
    let secrets = place.secrets();
    secrets.resolve(&entry("woo", "consumer_key")).unwrap();
    fs::remove_file(&place.file).unwrap();
    secrets.resolve(&entry("woo", "consumer_key")).unwrap();
}

#[test]
fn what_cannot_be_resolved_names_the_reference_and_the_way_on() {
    let place = place();
    fs::write(place.path("empty"), "\n").unwrap();
    let told = |reference: &SecretRef| {
        let fault = place
            .secrets()
            .resolve(reference)
            .unwrap_err()
            .fault("acme");
        assert_eq!(fault.exit, Exit::Usage);
        let text = format!(
            "{fault}\nhint: {}",
            fault.hint.as_deref().unwrap_or_default()
        );
        text.replace(&place.folder.path().display().to_string(), "HERE")
    };
    insta::assert_snapshot!(told(&entry("woo", "consumer_key")), @r"
    the vault HERE/var/acme/vault.age has no entry vault://woo#consumer_key
    hint: keep it with: opsctl --tenant acme vault set woo consumer_key
    ");
    insta::assert_snapshot!(told(&SecretRef::Env("OPSCTL_NO_SUCH".into())), @r"
    env://OPSCTL_NO_SUCH is not set, or empty
    hint: set it in the environment: export OPSCTL_NO_SUCH=...
    ");
    insta::assert_snapshot!(told(&place.reference("missing")), @r"
    file://HERE/missing is not there
    hint: write the secret into HERE/missing
    ");
    insta::assert_snapshot!(told(&place.reference("empty")), @r"
    file://HERE/empty is empty
    hint: write the secret into HERE/empty
    ");
    fs::remove_file(&place.file).unwrap();
    insta::assert_snapshot!(told(&entry("woo", "consumer_key")), @r"
    there is no vault HERE/var/acme/vault.age
    hint: make it with: opsctl --tenant acme vault init
    ");
}
