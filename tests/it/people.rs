//! Who may use the pages: `opsctl user`.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{Shop, on_all_stores};

on_all_stores!(
    people_come_and_go,
    the_last_admin_stays,
    two_who_take_the_last_admins_away_leave_one,
);

fn fed(shop: &Shop, args: &[&str], input: &str) -> Output {
    let mut child = shop
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn refused(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn users(shop: &Shop) -> Vec<Value> {
    let list = shop.json(&["user", "list"]);
    list["users"].as_array().unwrap().clone()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

async fn people_come_and_go(shop: Shop) {
    let add = [
        "user",
        "add",
        "ada",
        "--role",
        "admin",
        "--display-name",
        "Ada L.",
    ];
    let made_up = [&add[..], &["--pin", "--badge", "--generate"]].concat();
    let plan = shop.json(&[&made_up[..], &["--dry-run"]].concat());
    assert_eq!(
        (&plan["dry_run"], &plan["id"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(plan["shown"], Value::Null);
    assert!(users(&shop).is_empty());

    let svg = [&made_up[..], &["--badge-svg", "ada.svg"]].concat();
    let done = shop.json(&svg);
    assert_eq!(done["set"], json!(["password", "pin", "badge"]));
    let badge = done["shown"]["badge"].as_str().unwrap();
    assert!(badge.starts_with("OPSUSER") && badge.len() == 7 + 6 + 26);
    assert!(
        badge
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    );
    let picture = std::fs::read_to_string(shop.path("ada.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("<rect"));
    let pin = done["shown"]["pin"].as_str().unwrap();
    assert!(pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit()));
    assert!(refused(&shop.run(&made_up)).contains("already a user ada"));

    let bob = [
        "user",
        "add",
        "bob",
        "--role",
        "packer",
        "--pin",
        "--password-stdin",
    ];
    let output = fed(&shop, &bob, "correct horse\n2580\n");
    assert!(output.status.success(), "{}", refused(&output));
    assert!(!text(&output).contains("correct horse") && !text(&output).contains("2580"));
    for (name, input, why) in [
        ("cy", "short\n2580\n", "at least 10"),
        ("cyrilcyril", "cyrilcyril\n2580\n", "no more than the name"),
        ("cy", "correct horse\n1234\n", "first that is tried"),
        ("cy", "correct horse\n12\n", "4 to 8 digits"),
        ("<script>", "correct horse\n2580\n", "a name has"),
    ] {
        let args = [
            "user",
            "add",
            name,
            "--role",
            "packer",
            "--pin",
            "--password-stdin",
        ];
        let output = fed(&shop, &args, input);
        assert_eq!(output.status.code(), Some(2), "{name} {input}");
        assert!(
            refused(&output).contains(why),
            "{name} {input}: {}",
            refused(&output)
        );
    }
    let asked = fed(&shop, &["user", "add", "cy", "--role", "packer"], "");
    assert!(refused(&asked).contains("--generate"));

    shop.sql(
        "INSERT INTO sessions (id, user_id, data, created_at, expires_at) \
         SELECT 'hash', id, '{}', 1, 9000000000000 FROM users WHERE name = 'bob'",
    )
    .await;
    let of = |who: &str| {
        let users = users(&shop);
        users.into_iter().find(|user| user["name"] == who).unwrap()
    };
    assert_eq!(of("bob")["sessions"], 1);
    shop.json(&["user", "disable", "bob", "--dry-run"]);
    assert_eq!(
        (&of("bob")["sessions"], &of("bob")["disabled_at"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(shop.json(&["user", "disable", "bob"])["signed_out"], 1);
    assert_eq!(of("bob")["sessions"], 0);
    assert!(of("bob")["disabled_at"].is_i64());
    assert_eq!(shop.json(&["user", "disable", "bob"])["done"], "unchanged");
    assert_eq!(shop.json(&["user", "enable", "bob"])["done"], "enabled");
    assert_eq!(of("bob")["disabled_at"], Value::Null);

    let nothing = shop.run(&["user", "reset", "bob", "--generate"]);
    assert!(refused(&nothing).contains("nothing is to be reset"));
    let reset = shop.json(&["user", "reset", "bob", "--pin", "--badge", "--generate"]);
    assert_eq!(reset["set"], json!(["pin", "badge"]));
    assert!(reset["shown"]["password"].is_null() && reset["shown"]["pin"].is_string());
    assert!(of("bob")["has_badge"] == json!(true) || of("bob")["has_badge"] == json!(1));
    assert_eq!(
        shop.json(&["user", "set", "bob", "--role", "manager"])["role"],
        "manager"
    );
    assert_eq!(of("bob")["role"], "manager");
    assert!(refused(&shop.run(&["user", "disable", "nobody"])).contains("no user"));

    let all = format!(
        "{}{}",
        text(&shop.run(&["user", "list", "--json"])),
        text(&shop.run(&["events", "--json", "--limit", "100"]))
    );
    for secret in ["argon2", "correct horse", badge, pin] {
        assert!(!all.contains(secret), "{secret}");
    }
    for kind in [
        "user.added",
        "user.disabled",
        "user.enabled",
        "user.reset",
        "user.set",
    ] {
        assert!(all.contains(kind), "{kind}");
    }
    shop.must_be_sound();
}

async fn the_last_admin_stays(shop: Shop) {
    let add = |name: &str| {
        shop.json(&["user", "add", name, "--role", "admin", "--generate"]);
    };
    add("ada");
    let last = "the last admin";
    assert!(refused(&shop.run(&["user", "disable", "ada"])).contains(last));
    assert!(refused(&shop.run(&["user", "set", "ada", "--role", "manager"])).contains(last));
    add("bea");
    shop.json(&["user", "set", "ada", "--role", "manager"]);
    assert!(refused(&shop.run(&["user", "disable", "bea"])).contains(last));
    shop.json(&["user", "set", "bea", "--display-name", "Bea"]);
}

async fn two_who_take_the_last_admins_away_leave_one(shop: Shop) {
    for name in ["ada", "bea"] {
        shop.json(&["user", "add", name, "--role", "admin", "--generate"]);
    }
    let start = |name: &str| {
        let mut command = shop.command(&["user", "disable", name]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let (mut ada, mut bea) = (start("ada"), start("bea"));
    let done = [ada.wait().unwrap(), bea.wait().unwrap()];
    assert_eq!(done.iter().filter(|exit| exit.success()).count(), 1);
    let left = users(&shop);
    let left = left.iter().filter(|user| user["disabled_at"].is_null());
    assert_eq!(left.count(), 1);
}
