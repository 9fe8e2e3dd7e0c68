//! A new tenant as its owner makes one: `init`, `config`, `vault`, with the real binary, and
//! no secret in anything it prints.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const SECRET: &str = "cs_planted0123456789abcdef";

/// A folder to start opsctl in, and all it has printed besides what `vault get` is for.
struct Desk {
    folder: TempDir,
    printed: String,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            printed: String::new(),
        }
    }

    fn start(&self, line: &str, input: &str, env: &[(&str, &str)]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_opsctl"))
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env_remove("OPSCTL_TENANT")
            .env_remove("OPSCTL_TENANTS_DIR")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses its arguments does not wait for its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// What a command prints, after its exit code was looked at.
    fn says(&mut self, exit: i32, line: &str, input: &str) -> String {
        let output = self.start(line, input, &[]);
        let said = both(&output);
        assert_eq!(output.status.code(), Some(exit), "{line}: {said}");
        self.printed.push_str(&said);
        said
    }

    fn edit(&self, from: &str, to: &str) {
        let path = self.folder.path().join("tenants/acme.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "no {from} in {text}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn entries(&self) -> usize {
        std::fs::read_dir(self.folder.path()).unwrap().count()
    }
}

fn both(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn a_tenant_is_made_filled_in_and_used_without_a_secret_in_sight() {
    let mut desk = Desk::new();
    let plan = desk.says(0, "init acme --dry-run", "");
    assert!(
        plan.contains("would be made") && desk.entries() == 0,
        "{plan}"
    );
    let made = desk.says(0, "init acme --timezone Europe/Amsterdam", "");
    assert!(
        made.contains("opsctl --tenant acme vault set woo consumer_secret"),
        "{made}"
    );
    desk.says(0, "--tenant acme config check", "");
    desk.says(0, "--tenant acme db status", "");

    desk.says(0, "--tenant acme vault set woo consumer_key --dry-run", "");
    desk.says(2, "--tenant acme vault get woo consumer_key", "");
    for entry in ["woo consumer_key", "woo consumer_secret"] {
        let line = format!("--tenant acme vault set {entry} --json");
        let set = desk.says(0, &line, &format!("{SECRET}\n"));
        assert!(set.contains("\"change\": \"added\""), "{set}");
    }
    let again = desk.says(0, "init acme", "");
    assert!(
        !again.contains("vault set") && !again.contains(" made "),
        "{again}"
    );

    let get = "--tenant acme vault get woo consumer_secret";
    assert_eq!(both(&desk.start(get, "", &[])), format!("{SECRET}\n"));
    desk.says(2, &format!("{get} --json"), "");
    desk.says(0, "--tenant acme vault list", "");
    desk.says(0, "--tenant acme vault rotate --dry-run", "");
    desk.says(0, "--tenant acme vault rotate", "");
    assert_eq!(both(&desk.start(get, "", &[])), format!("{SECRET}\n"));
    desk.says(
        0,
        "--tenant acme vault remove woo consumer_key --dry-run",
        "",
    );
    desk.says(0, "--tenant acme vault remove woo consumer_key", "");
    let list = desk.says(0, "--tenant acme vault list --json", "");
    assert!(
        !list.contains("consumer_key") && list.contains("consumer_secret"),
        "{list}"
    );

    let said = desk.says(
        2,
        &format!("--tenant acme vault set woo token {SECRET}"),
        "",
    );
    assert!(said.contains("never taken from the command line"), "{said}");
    let said = desk.says(
        2,
        &format!("--tenant acme vault init --recipient {SECRET}"),
        "",
    );
    assert!(said.contains("age public key"), "{said}");
    desk.says(0, "--tenant acme config show -v -v --json", "");
    assert!(!desk.printed.contains("planted"), "{}", desk.printed);
}

#[test]
fn a_wrong_file_is_told_by_line_and_leads_to_exit_2() {
    let mut desk = Desk::new();
    desk.says(0, "init acme", "");
    desk.edit("# parallel = 4", "paralel = 4");
    desk.edit("\"vault://woo#consumer_secret\"", &format!("\"{SECRET}\""));
    for line in [
        "config check",
        "--tenant acme config check",
        "--tenant acme db status",
    ] {
        let said = desk.says(2, line, "");
        assert!(said.contains("unknown field `paralel`"), "{said}");
        assert!(
            said.contains("paralel = 4") && said.contains("did you mean `parallel`?"),
            "{said}"
        );
        assert!(
            said.contains("a secret stands here only as a reference"),
            "{said}"
        );
    }
    let said = desk.says(2, "config check --json", "");
    assert!(
        said.contains("\"wrong\": 1") && said.contains("\"line\": "),
        "{said}"
    );
    assert!(desk.says(2, "config show", "").contains("there is: acme"));
    assert!(
        desk.says(2, "--tenant acne config check", "")
            .contains("did you mean `acme`?")
    );
    assert!(!desk.printed.contains("planted"), "{}", desk.printed);
}

#[test]
fn init_overwrites_nothing_and_takes_no_password() {
    let mut desk = Desk::new();
    let address = "mysql://opsctl:planted@localhost/acme";
    desk.says(2, &format!("init acme --store {address}"), "");
    desk.says(2, "init acme --url https://planted@shop.example", "");
    let said = desk.says(2, "init acme --timezone Europe/Amsterdm", "");
    assert!(said.contains("did you mean `Europe/Amsterdam`?"), "{said}");
    desk.says(2, "init Acme", "");
    assert_eq!(desk.entries(), 0);

    desk.says(0, "init acme --currency EUR", "");
    let file = desk.folder.path().join("tenants/acme.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    desk.says(0, "init acme --currency EUR", "");
    assert!(
        desk.says(2, "init acme --currency USD", "")
            .contains("--currency")
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert!(!desk.printed.contains("planted"), "{}", desk.printed);
}

#[test]
fn a_database_that_needs_a_password_waits_for_it() {
    let mut desk = Desk::new();
    let said = desk.says(0, "init acme --store mysql://opsctl@127.0.0.1:1/acme", "");
    assert!(said.contains("waits for its password"), "{said}");
    assert!(
        said.contains("opsctl --tenant acme vault set store password"),
        "{said}"
    );
    desk.says(0, "--tenant acme vault set store password", SECRET);
    // Nobody listens there: the password was found, and the database asked.
    desk.says(75, "init acme", "");
    assert!(!desk.printed.contains("planted"), "{}", desk.printed);
}

#[test]
fn the_identity_may_come_from_the_environment() {
    let mut desk = Desk::new();
    desk.says(0, "init acme", "");
    desk.says(0, "--tenant acme vault set woo consumer_key", "ck_value");
    let identity = desk.folder.path().join("var/acme/identity.txt");
    let key = std::fs::read_to_string(&identity).unwrap();
    std::fs::remove_file(identity).unwrap();
    desk.edit("file://var/acme/identity.txt", "env://ACME_IDENTITY");
    let get = "--tenant acme vault get woo consumer_key";
    let found = desk.start(get, "", &[("ACME_IDENTITY", &key)]);
    assert_eq!(both(&found), "ck_value\n");
    assert!(desk.says(2, get, "").contains("export ACME_IDENTITY="));
    let wrong = desk.start(get, "", &[("ACME_IDENTITY", SECRET)]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(!both(&wrong).contains("planted"), "{}", both(&wrong));
}

#[test]
fn two_who_set_at_once_both_keep_their_secret() {
    let mut desk = Desk::new();
    desk.says(0, "init acme", "");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let desk = &desk;
            scope.spawn(move || {
                let line = format!("--tenant acme vault set writer key-{writer}");
                let output = desk.start(&line, "value", &[]);
                assert!(output.status.success(), "{}", both(&output));
            });
        }
    });
    let list = desk.says(0, "--tenant acme vault list", "");
    assert_eq!(list.matches("vault://writer#key-").count(), 4, "{list}");
    assert!(
        Path::new(desk.folder.path())
            .join("var/acme/vault.age")
            .exists()
    );
}
