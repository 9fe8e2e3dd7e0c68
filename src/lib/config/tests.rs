//! A tenant file with each kind of mistake, and what the reader is told.

mod mistakes;

use std::path::Path;

use super::{Channel, ConfigError, ReservePolicy, Tenant};
use crate::domain::order::StatusRule;

/// A file without mistakes, made wrong by each test.
const RIGHT: &str = r##"[tenant]
name = "acme"
display_name = "Acme"
domains = ["acme.example", "www.acme.example"]
timezone = "Europe/Amsterdam"
currency = "EUR"

[branding]
color = "#1a73e8"

[store]
url = "sqlite://var/acme/opsctl.db"

[vault]
file = "var/acme/vault.age"
identity = "file://var/acme/identity.txt"

[reserve]
policy = "whole-order"

[channels.woo]
kind = "woocommerce"
url = "https://acme.example"
consumer_key = "vault://woo#consumer_key"
consumer_secret = "env://WOO_SECRET"
parallel = 2

[channels.woo.statuses]
quality-check = "reserve"
"##;

const SECRET: &str = "Zq9plantedvalue7";

fn parse(text: &str) -> Result<Tenant, ConfigError> {
    Tenant::parse(text, Path::new("tenants/acme.toml"))
}

/// What a reader sees of a file in which one line was replaced.
fn told(line: &str, instead: &str) -> String {
    assert!(RIGHT.contains(line), "no such line: {line}");
    refused(&RIGHT.replacen(line, instead, 1))
}

fn refused(text: &str) -> String {
    let error = parse(text).expect_err("the file is wrong");
    let debug = format!("{error:?}");
    let told = error.to_string();
    for shown in [&debug, &told] {
        assert!(!shown.contains("planted"), "a secret is shown: {shown}");
    }
    told
}

#[test]
fn a_right_file_is_read_with_its_defaults() {
    let tenant = parse(RIGHT).unwrap();
    let Channel::WooCommerce(shop) = &tenant.channels["woo"];
    assert_eq!(tenant.reserve.policy, ReservePolicy::WholeOrder);
    assert_eq!(
        (
            shop.parallel,
            shop.requests_per_second,
            shop.timeout_seconds
        ),
        (2, 10, 60)
    );
    assert!(shop.push_stock && tenant.modules.sync);
    assert_eq!(shop.status_rule("quality-check"), Some(StatusRule::Reserve));
    assert_eq!(shop.status_rule("processing"), Some(StatusRule::Ship));
    assert_eq!(shop.status_rule("unheard-of"), None);
}

#[test]
fn what_is_effective_reads_back_as_itself() {
    let tenant = parse(RIGHT).unwrap().effective();
    let text = toml::to_string(&tenant).unwrap();
    let again = parse(&text).unwrap();
    assert_eq!(toml::to_string(&again).unwrap(), text);
    assert!(text.contains("on-hold = \"reserve\""), "{text}");
}

#[test]
fn windows_line_ends_and_inline_tables_are_read_the_same() {
    assert!(parse(&RIGHT.replace('\n', "\r\n")).is_ok());
    let inline = RIGHT.split("[channels.woo]").next().unwrap().to_owned()
        + "[channels]\nwoo = { kind = \"woocommerce\", url = \"https://acme.example\", \
           consumer_key = \"env://A\", consumer_secret = \"env://B\" }\n";
    assert!(parse(&inline).is_ok());
}

#[test]
fn a_raw_secret_stays_unseen_in_every_other_mistake() {
    let line = "consumer_secret = \"env://WOO_SECRET\"";
    for instead in [
        "consumer_secret = @@",
        "consumer_secret = \"@@",
        "consumer_secret \"@@\"",
        "consumer_secret = [\"@@\"]",
        "consumer_secret = { value = \"@@\" }",
        "consumer_secret = \"@@\"\nconsumer_secret = \"@@\"",
        "consumer_secret = \"env://WOO_SECRET\" \"@@\"",
        "consumer_secret = \"env://A\" # @@\nparallell = 1 # @@",
        "consumer_secrt = \"@@\"",
        "consumer_secret = \"\"\"\n@@\n\"\"\"",
        "consumer_secret = 7\npassword = \"@@\"",
    ] {
        let text = told(line, &instead.replace("@@", SECRET));
        assert!(text.contains("tenants/acme.toml:"), "{text}");
    }
    let inline = format!(
        "[channels]\nwoo = {{ kind = \"woocommerce\", consumer_secret = \"{SECRET}\", paralel = 3 }}\n"
    );
    refused(&inline);
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = RIGHT
        .replace("Europe/Amsterdam", "Mars/Base")
        .replace("policy =", "polcy =")
        .replace("https://acme.example", "https://acme.example/wp-json")
        .replace("parallel = 2", "parallel = 0\nretries = 3")
        .replace("\"reserve\"", "\"hold\"");
    insta::assert_snapshot!(refused(&text), @r#"
    tenants/acme.toml has 4 mistakes

    tenants/acme.toml:5:12: this is no time zone of the IANA list
      |
    5 | timezone = "Mars/Base"
      |            ^^^^^^^^^^^
      = such as `Europe/Amsterdam`

    tenants/acme.toml:19:1: unknown field `polcy`
       |
    19 | polcy = "whole-order"
       | ^^^^^
       = did you mean `policy`?

    tenants/acme.toml:27:1: unknown field `retries`
       |
    27 | retries = ***
       | ^^^^^^^
       = one of `url`, `consumer_key`, `consumer_secret`, `push_stock`, `tell_shipped`, `shipped_status`, `tracking_notes_to_customer`, `parallel`, `requests_per_second`, `timeout_seconds`, `weight_unit`, `dimension_unit`, `statuses`

    tenants/acme.toml:30:17: unknown value `hold`
       |
    30 | quality-check = "hold"
       |                 ^^^^^^
       = one of `ship`, `reserve`, `none`, `shipped`, `closed`
    "#);
}

#[test]
fn mistakes_of_the_shape_do_not_hide_those_of_the_values() {
    let text = RIGHT
        .replace("policy =", "polcy =")
        .replace("#1a73e8", "blue")
        .replace("parallel = 2", "parallel = 0\nretries = 3");
    let ConfigError::Wrong { mistakes, .. } = parse(&text).unwrap_err() else {
        panic!("not the error of a file");
    };
    let lines: Vec<usize> = mistakes.iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines, [9, 19, 26, 27]);
}

#[test]
fn an_unknown_tenant_is_answered_with_the_near_ones() {
    let folder = tempfile::tempdir().unwrap();
    let hint = |name: &str| {
        let error = Tenant::load(folder.path(), name).unwrap_err();
        error.hint().unwrap()
    };
    assert_eq!(hint("acme"), "make it with: opsctl init acme");
    for name in ["acme", "globex", "initech"] {
        let text = RIGHT.replace("\"acme\"", &format!("\"{name}\""));
        std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    std::fs::write(folder.path().join("schema.json"), "{}").unwrap();
    assert_eq!(
        Tenant::load(folder.path(), "globex").unwrap().tenant.name,
        "globex"
    );
    assert_eq!(hint("glbex"), "did you mean `globex`?");
    assert_eq!(
        hint("zzz"),
        "there is: acme, globex, initech; make a new one with: opsctl init zzz"
    );
    assert!(hint("../etc/passwd").contains("acme"));
}

#[test]
fn the_demo_tenant_is_right() {
    let text = include_str!("../../../tenants/demo.toml");
    let tenant = Tenant::parse(text, Path::new("demo.toml")).unwrap();
    assert_eq!(tenant.store.url, "sqlite://var/demo/opsctl.db");
}
