//! `opsctl doctor` with everything in order, and with each thing broken that may break.

use std::collections::BTreeMap;

use opsctl::sandbox::{Content, Options, Plan, Sandbox};
use serde_json::Value;

use crate::carriage::dock::Dock;
use crate::harness::{Kind, Shop, on_all_stores};
use crate::print_room::{Printer, admin, queue, shared, stations};

on_all_stores!(
    a_tenant_in_order_is_told_so,
    a_database_of_another_tenant_fails,
    steps_that_are_missing_or_unknown_fail,
    carriers_printers_and_logo_are_looked_at,
);

/// A shop with its scan index written, its secrets in files, and a sandbox to sell on.
async fn trading(shop: &Shop) -> Sandbox {
    let sandbox = Sandbox::start(Options {
        content: Content::Generated(Plan {
            skus: 20,
            seed: 7,
            ..Plan::default()
        }),
        ..Options::default()
    })
    .await
    .unwrap();
    let (key, secret) = sandbox.woo().credentials();
    shop.write("key", &key);
    shop.write("secret", &secret);
    let channel = format!(
        "[channels.woo]\nkind = \"woocommerce\"\nurl = \"{}\"\n\
         consumer_key = \"file://key\"\nconsumer_secret = \"file://secret\"\n",
        sandbox.shop_url()
    );
    shop.write("tenants/shop.toml", &shop.tenant_file(&channel));
    shop.json(&["sync"]);
    sandbox
}

/// The exit code, and each check with its state, what was seen and the hint.
fn look(shop: &Shop) -> (i32, BTreeMap<String, (String, String)>) {
    let output = shop.run(&["doctor", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |check: &Value, field: &str| check[field].as_str().unwrap_or("").to_owned();
    let checks = report["checks"].as_array().unwrap().iter().map(|check| {
        let told = format!("{} {}", text(check, "detail"), text(check, "hint"));
        (text(check, "check"), (text(check, "state"), told))
    });
    (output.status.code().unwrap(), checks.collect())
}

/// Only these checks are other than ok, in these states, with these words.
fn only(shop: &Shop, exit: i32, wanted: &[(&str, &str, &str)]) {
    let (code, checks) = look(shop);
    for (name, state, words) in wanted {
        let (found, told) = &checks[*name];
        assert_eq!(found, state, "{name}: {told}");
        assert!(told.contains(words), "{name}: {told}");
    }
    for (name, (state, told)) in &checks {
        let expected = wanted.iter().any(|(other, ..)| other == name);
        assert!(expected || state == "ok", "{name}: {state}: {told}");
    }
    assert_eq!(code, exit, "{checks:?}");
}

/// Vaults are not what these tenants keep their secrets in.
const NO_VAULT: (&str, &str, &str) = ("vault", "skipped", "no secret is kept in it");

async fn a_tenant_in_order_is_told_so(shop: Shop) {
    let sandbox = trading(&shop).await;
    only(&shop, 0, &[NO_VAULT]);
    let (_, checks) = look(&shop);
    assert!(checks["store"].1.contains("of tenant shop"), "{checks:?}");
    let table = shop.run(&["doctor"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("All is in order."), "{table}");
    sandbox.clock().advance(90);
    let skew = ("channel woo", "warn", "ahead of ours");
    only(&shop, 0, &[NO_VAULT, skew]);
}

async fn a_database_of_another_tenant_fails(shop: Shop) {
    let _sandbox = trading(&shop).await;
    let file = shop.tenant_file("").replace("\"shop\"", "\"other\"");
    shop.write("tenants/other.toml", &file);
    let output = shop.run(&["doctor", "--tenant", "other"]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains("belongs to tenant \"shop\", not \"other\""),
        "{table}"
    );
    assert_eq!(output.status.code(), Some(1), "{table}");
}

async fn steps_that_are_missing_or_unknown_fail(shop: Shop) {
    let _sandbox = trading(&shop).await;
    shop.sql("UPDATE _sqlx_migrations SET version = 9001 WHERE version = 1")
        .await;
    let unknown = ("migrations", "fail", "a newer opsctl took steps 9001");
    only(&shop, 1, &[NO_VAULT, unknown]);
    shop.sql("DROP TABLE _sqlx_migrations").await;
    let missing = (
        "migrations",
        "fail",
        "missing: 1 (foundation), 2 (opening), 3 (stock room), 4 (moves in lot order), \
         5 (pick station), 6 (search by title), 7 (shipping) run `opsctl db migrate`",
    );
    only(&shop, 1, &[NO_VAULT, missing]);
}

async fn carriers_printers_and_logo_are_looked_at(shop: Shop) {
    let (printer, cups) = (Printer::start(), shared());
    let queue = queue(&cups, printer.address);
    let own = stations(&cups, &[("bench", &queue), ("dock", &queue)]);
    let own = format!("{own}[carriers.postnl]\nkind = \"manual\"\n");
    let dock = Dock::open_with(shop, "NL", &own).await;
    let shop = &dock.shop;
    shop.json(&["sync"]);
    only(shop, 0, &[NO_VAULT]);
    let (_, checks) = look(shop);
    let its_queue = format!("queue {queue}");
    assert_eq!(checks[&its_queue].1.trim(), "ready, of bench, dock");
    assert_eq!(checks["carrier postnl"].1.trim(), "served by hand");
    assert!(checks["carrier ups"].1.contains("takes our credentials"));
    assert_eq!(dock.ups().counts().of("POST /security/v1/oauth/token"), 2);

    admin(&cups, "cupsdisable", &[&queue]);
    let stopped = (its_queue.as_str(), "warn", "`cupsenable");
    only(shop, 0, &[NO_VAULT, stopped]);

    let file = shop.tenant_file(&dock.more.replace(&queue, "nowhere"));
    let file = format!("{file}[branding]\nlogo = \"no-logo.png\"\n");
    shop.write("tenants/shop.toml", &file);
    shop.write("ups-secret", "another");
    let wanted = [
        NO_VAULT,
        ("queue nowhere", "fail", "CUPS has no such queue"),
        ("carrier ups", "fail", "does not accept the credentials"),
        ("logo", "fail", "no-logo.png"),
    ];
    only(shop, 1, &wanted);
    std::fs::remove_file(shop.path("ups-secret")).unwrap();
    let (code, checks) = look(shop);
    assert_eq!(checks["carrier ups"].0, "skipped");
    assert_eq!(code, 2, "{checks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_broken_is_told_without_stopping_the_rest() {
    let shop = Shop::new(Kind::Sqlite).await;
    let sandbox = trading(&shop).await;
    let file = std::fs::read_to_string(shop.path("tenants/shop.toml")).unwrap();

    let down = file.replace(&shop.url, "mysql://root@127.0.0.1:1/none");
    shop.write("tenants/shop.toml", &down);
    let asked = ("migrations", "skipped", "");
    let refused = ("store", "fail", "Connection refused");
    only(&shop, 75, &[NO_VAULT, refused, asked]);

    let gone = file.replace("opsctl.db", "gone.db");
    shop.write("tenants/shop.toml", &gone);
    let none = ("store", "fail", "there is no database");
    only(&shop, 1, &[NO_VAULT, none, asked]);

    shop.write("tenants/shop.toml", &file);
    shop.write("var/shop/scan.idx", "no index");
    let damaged = ("scan index", "fail", "is damaged");
    only(&shop, 1, &[NO_VAULT, damaged]);
    std::fs::remove_file(shop.path("var/shop/scan.idx")).unwrap();
    let missing = ("scan index", "warn", "opsctl sync");
    only(&shop, 0, &[NO_VAULT, missing]);

    shop.write("secret", "cs_wrong");
    let wrong = ("channel woo", "fail", "refuses the credentials");
    only(&shop, 1, &[NO_VAULT, missing, wrong]);
    std::fs::remove_file(shop.path("secret")).unwrap();
    let lacking = ("secret file://secret", "fail", "is not there");
    let skipped = ("channel woo", "skipped", "its secrets");
    only(&shop, 2, &[NO_VAULT, missing, lacking, skipped]);

    shop.write("secret", &sandbox.woo().credentials().1);
    sandbox.stop().await.unwrap();
    let dead = ("channel woo", "fail", "woo cannot be reached");
    only(&shop, 75, &[NO_VAULT, missing, dead]);
    shop.write("tenants/shop.toml", &down);
    only(&shop, 75, &[NO_VAULT, missing, dead, refused, asked]);
}

#[tokio::test]
async fn a_vault_that_does_not_open_is_told_once() {
    let shop = Shop::new(Kind::Sqlite).await;
    let channel = "[channels.woo]\nkind = \"woocommerce\"\nurl = \"http://127.0.0.1:1\"\n\
         consumer_key = \"vault://woo#key\"\nconsumer_secret = \"vault://woo#secret\"\n";
    shop.write("tenants/shop.toml", &shop.tenant_file(channel));
    let rest = [
        ("secret vault://woo#key", "skipped", "the vault"),
        ("secret vault://woo#secret", "skipped", "the vault"),
        ("channel woo", "skipped", "its secrets"),
        ("scan index", "warn", ""),
    ];
    let without = |vault| [&[vault], rest.as_slice()].concat();
    only(&shop, 2, &without(("vault", "fail", "vault init")));
    shop.json(&["vault", "init"]);
    std::fs::rename(shop.path("var/shop/identity.txt"), shop.path("away")).unwrap();
    only(
        &shop,
        2,
        &without(("vault", "fail", "put the identity back")),
    );
    shop.write("var/shop/vault.age", "no vault");
    std::fs::rename(shop.path("away"), shop.path("var/shop/identity.txt")).unwrap();
    only(&shop, 2, &without(("vault", "fail", "is no vault")));
}

#[tokio::test]
async fn a_broken_tenant_file_is_told_with_its_place() {
    let shop = Shop::new(Kind::Sqlite).await;
    let file = shop.tenant_file("").replace("EUR", "EURO");
    shop.write("tenants/shop.toml", &file);
    let (exit, checks) = look(&shop);
    assert_eq!(exit, 2);
    let (state, told) = &checks["config"];
    assert_eq!(state, "fail");
    assert!(told.starts_with("tenants/shop.toml:5:12: "), "{told}");
    let skipped = checks.values().filter(|(state, _)| state == "skipped");
    assert_eq!(skipped.count(), checks.len() - 1);
}
