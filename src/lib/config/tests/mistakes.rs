//! One mistake at a time, and the words for it.

use super::{RIGHT, SECRET, parse, refused, told};

#[test]
fn an_unknown_field_is_found_at_the_top_in_a_table_and_in_a_channel() {
    insta::assert_snapshot!(told("[reserve]", "[reserv]"), @r"
    tenants/acme.toml:18:2: unknown field `reserv`
       |
    18 | [reserv]
       |  ^^^^^^
       = did you mean `reserve`?
    ");
    insta::assert_snapshot!(told("policy =", "polcy ="), @r#"
    tenants/acme.toml:19:1: unknown field `polcy`
       |
    19 | polcy = "whole-order"
       | ^^^^^
       = did you mean `policy`?
    "#);
    insta::assert_snapshot!(told("parallel = 2", "paralel = 2"), @r"
    tenants/acme.toml:26:1: unknown field `paralel`
       |
    26 | paralel = 2
       | ^^^^^^^
       = did you mean `parallel`?
    ");
    insta::assert_snapshot!(told("parallel = 2", "frobnicate = 2"), @r"
    tenants/acme.toml:26:1: unknown field `frobnicate`
       |
    26 | frobnicate = ***
       | ^^^^^^^^^^
       = one of `url`, `consumer_key`, `consumer_secret`, `push_stock`, `tell_shipped`, `shipped_status`, `tracking_notes_to_customer`, `parallel`, `requests_per_second`, `timeout_seconds`, `weight_unit`, `dimension_unit`, `statuses`
    ");
}

#[test]
fn an_unknown_value_is_answered_with_the_nearest() {
    insta::assert_snapshot!(told("\"whole-order\"", "\"wholeorder\""), @r#"
    tenants/acme.toml:19:10: unknown value `wholeorder`
       |
    19 | policy = "wholeorder"
       |          ^^^^^^^^^^^^
       = did you mean `whole-order`?
    "#);
    insta::assert_snapshot!(told("\"reserve\"", "\"reserved\""), @r#"
    tenants/acme.toml:29:17: unknown value `reserved`
       |
    29 | quality-check = "reserved"
       |                 ^^^^^^^^^^
       = did you mean `reserve`?
    "#);
    insta::assert_snapshot!(told("\"reserve\"", "\"dispatch\""), @r#"
    tenants/acme.toml:29:17: unknown value `dispatch`
       |
    29 | quality-check = "dispatch"
       |                 ^^^^^^^^^^
       = one of `ship`, `reserve`, `none`, `shipped`, `closed`
    "#);
    insta::assert_snapshot!(told("\"woocommerce\"", "\"woocomerce\""), @r#"
    tenants/acme.toml:22:8: unknown value `woocomerce`
       |
    22 | kind = "woocomerce"
       |        ^^^^^^^^^^^^
       = did you mean `woocommerce`?
    "#);
    insta::assert_snapshot!(told("Europe/Amsterdam", "Europe/Amsterdm"), @r#"
    tenants/acme.toml:5:12: this is no time zone of the IANA list
      |
    5 | timezone = "Europe/Amsterdm"
      |            ^^^^^^^^^^^^^^^^^
      = did you mean `Europe/Amsterdam`?
    "#);
    insta::assert_snapshot!(told("\"EUR\"", "\"eur\""), @r#"
    tenants/acme.toml:6:12: a currency is its ISO 4217 code, three capital letters
      |
    6 | currency = "eur"
      |            ^^^^^
      = did you mean `EUR`?
    "#);
}

#[test]
fn a_wrong_type_is_told_in_plain_words() {
    insta::assert_snapshot!(told("parallel = 2", "parallel = \"2\""), @r#"
    tenants/acme.toml:26:12: expected a whole number from 0, found a text
       |
    26 | parallel = "2"
       |            ^^^
    "#);
    insta::assert_snapshot!(told("parallel = 2", "parallel = -2"), @r"
    tenants/acme.toml:26:12: expected a whole number from 0, found a number
       |
    26 | parallel = -2
       |            ^^
    ");
    insta::assert_snapshot!(told("parallel = 2", "push_stock = \"yes\""), @r#"
    tenants/acme.toml:26:14: expected true or false, found a text
       |
    26 | push_stock = "yes"
       |              ^^^^^
    "#);
    insta::assert_snapshot!(told("\"www.acme.example\"]", "7]"), @r#"
    tenants/acme.toml:4:28: expected a text in quotes, found a number
      |
    4 | domains = ["acme.example", 7]
      |                            ^
    "#);
    insta::assert_snapshot!(refused("channels = 1\n"), @r"
    tenants/acme.toml has 2 mistakes

    tenants/acme.toml:1:1: the table [tenant] is missing
      |
    1 | channels = 1
      | ^

    tenants/acme.toml:1:12: channels must be a table
      |
    1 | channels = 1
      |            ^
      = write a table for each: [channels.woo]
    ");
}

#[test]
fn what_is_missing_is_told_with_the_table_it_belongs_to() {
    insta::assert_snapshot!(told("display_name = \"Acme\"\n", ""), @r"
    tenants/acme.toml:1:1: `display_name` is missing in [tenant]
      |
    1 | [tenant]
      | ^^^^^^^^
    ");
    insta::assert_snapshot!(told("kind = \"woocommerce\"\n", ""), @r#"
    tenants/acme.toml:21:1: `kind` is missing in [channels.woo]
       |
    21 | [channels.woo]
       | ^^^^^^^^^^^^^^
       = write kind = "woocommerce"
    "#);
    insta::assert_snapshot!(told("consumer_secret = \"env://WOO_SECRET\"\n", ""), @r"
    tenants/acme.toml:21:1: `consumer_secret` is missing in [channels.woo]
       |
    21 | [channels.woo]
       | ^^^^^^^^^^^^^^
    ");
    insta::assert_snapshot!(told("[store]\nurl = \"sqlite://var/acme/opsctl.db\"\n", ""), @r"
    tenants/acme.toml:1:1: the table [store] is missing
      |
    1 | [tenant]
      | ^
    ");
    insta::assert_snapshot!(refused(""), @r"
    tenants/acme.toml:1:1: the table [tenant] is missing
      |
    1 |
      | ^
    ");
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    insta::assert_snapshot!(told("parallel = 2", "parallel = "), @r"
    tenants/acme.toml:26:12: string values must be quoted, expected literal string
       |
    26 | parallel =
       |            ^
    ");
    insta::assert_snapshot!(told("parallel = 2", "parallel = 2\nparallel = 3"), @r"
    tenants/acme.toml:27:1: duplicate key
       |
    27 | parallel = 3
       | ^^^^^^^^
    ");
    insta::assert_snapshot!(told("name = \"acme\"", "name = \"acme"), @r#"
    tenants/acme.toml:2:13: invalid basic string, expected `"`
      |
    2 | name = "acme
      |             ^
    "#);
}

#[test]
fn names_hold_to_their_letters() {
    insta::assert_snapshot!(told("name = \"acme\"", "name = \"acme-eu\""), @r#"
    tenants/acme.toml:2:8: the tenant is called `acme-eu`, its file `acme.toml`
      |
    2 | name = "acme-eu"
      |        ^^^^^^^^^
      = write name = "acme", or rename the file
    "#);
    insta::assert_snapshot!(told("name = \"acme\"", "name = \"Acme\""), @r#"
    tenants/acme.toml:2:8: a tenant's name is of lower-case letters, digits and hyphens
      |
    2 | name = "Acme"
      |        ^^^^^^
      = such as `acme` or `acme-eu`
    "#);
    insta::assert_snapshot!(told("display_name = \"Acme\"", "display_name = \" \""), @r#"
    tenants/acme.toml:3:16: this may not be empty
      |
    3 | display_name = " "
      |                ^^^
    "#);
    insta::assert_snapshot!(refused(&RIGHT.replace("channels.woo", "channels.Woo")), @r"
    tenants/acme.toml:21:11: a channel's name is of lower-case letters, digits and hyphens, a letter first
       |
    21 | [channels.Woo]
       |           ^^^
       = such as `woo`: orders are then called woo:1042
    ");
    insta::assert_snapshot!(told("quality-check", "wc-quality-check"), @r#"
    tenants/acme.toml:29:1: the shop's API tells a status without `wc-`
       |
    29 | wc-quality-check = "reserve"
       | ^^^^^^^^^^^^^^^^
       = write `quality-check`
    "#);
    insta::assert_snapshot!(told("quality-check", "\"Quality Check\""), @r#"
    tenants/acme.toml:29:1: an order status is the shop's own lower-case slug
       |
    29 | "Quality Check" = "reserve"
       | ^^^^^^^^^^^^^^^
       = such as `on-hold`
    "#);
}

#[test]
fn looks_hold_to_their_form() {
    insta::assert_snapshot!(told("#1a73e8", "blue"), @r#"
    tenants/acme.toml:9:9: a colour reads #rrggbb, such as #1a73e8
      |
    9 | color = "blue"
      |         ^^^^^^
    "#);
    insta::assert_snapshot!(told("color =", "support_email = \"nobody\"\ncolor ="), @r#"
    tenants/acme.toml:9:17: this is not a mail address
      |
    9 | support_email = "nobody"
      |                 ^^^^^^^^
    "#);
    insta::assert_snapshot!(told("\"www.acme.example\"", "\"https://acme.example/\""), @r#"
    tenants/acme.toml:4:28: this is not a web domain
      |
    4 | domains = ["acme.example", "https://acme.example/"]
      |                            ^^^^^^^^^^^^^^^^^^^^^^^
      = leave out the scheme and the path: `shop.example`
    "#);
    insta::assert_snapshot!(told("\"www.acme.example\"", "\"localhost\""), @r#"
    tenants/acme.toml:4:28: this is not a web domain
      |
    4 | domains = ["acme.example", "localhost"]
      |                            ^^^^^^^^^^^
      = a domain reads `shop.example`, in lower case
    "#);
}

#[test]
fn numbers_have_limits() {
    insta::assert_snapshot!(told("parallel = 2", "parallel = 0"), @r"
    tenants/acme.toml:26:12: 0 is not between 1 and 64
       |
    26 | parallel = 0
       |            ^
    ");
    insta::assert_snapshot!(told("parallel = 2", "requests_per_second = 5000"), @r"
    tenants/acme.toml:26:23: 5000 is not between 1 and 1000
       |
    26 | requests_per_second = 5000
       |                       ^^^^
    ");
    insta::assert_snapshot!(told("parallel = 2", "timeout_seconds = 0"), @r"
    tenants/acme.toml:26:19: 0 is not between 1 and 600
       |
    26 | timeout_seconds = 0
       |                   ^
    ");
    insta::assert_snapshot!(told("[vault]", "[scan]\nstale_after_minutes = 0\n\n[vault]"), @r"
    tenants/acme.toml:15:23: 0 is not between 1 and 10080
       |
    15 | stale_after_minutes = 0
       |                       ^
    ");
}

#[test]
fn a_store_is_a_file_or_a_database_reached_safely() {
    let url = "\"sqlite://var/acme/opsctl.db\"";
    for right in [
        "mysql://opsctl@localhost/acme",
        "mysql://opsctl@127.0.0.1:3307/acme",
        "mysql://opsctl@[::1]/acme",
        "mysql://opsctl@db.example/acme?ssl-mode=VERIFY_CA&ssl-ca=/etc/ca.pem",
        "mysql://opsctl@localhost/acme?socket=/run/mysqld/mysqld.sock",
    ] {
        assert!(
            parse(&RIGHT.replace(url, &format!("\"{right}\""))).is_ok(),
            "{right}"
        );
    }
    insta::assert_snapshot!(told(url, "\"postgres://localhost/acme\""), @r#"
    tenants/acme.toml:12:7: a store is a SQLite file or a MariaDB database
       |
    12 | url = "postgres://localhost/acme"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = write sqlite://PATH, or mysql://USER@HOST[:PORT]/DATABASE
    "#);
    insta::assert_snapshot!(told(url, "\"sqlite://\""), @r#"
    tenants/acme.toml:12:7: sqlite:// needs the path of a file
       |
    12 | url = "sqlite://"
       |       ^^^^^^^^^^^
       = such as sqlite://var/acme/opsctl.db
    "#);
    insta::assert_snapshot!(told(url, "\"mysql://localhost/acme\""), @r#"
    tenants/acme.toml:12:7: the user or the database is missing
       |
    12 | url = "mysql://localhost/acme"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^
       = such as mysql://opsctl@localhost/acme?socket=/run/mysqld/mysqld.sock
    "#);
    insta::assert_snapshot!(told(url, "\"mysql://opsctl@db.example/acme\""), @r#"
    tenants/acme.toml:12:7: the database is across a network, and its address has no ssl-mode
       |
    12 | url = "mysql://opsctl@db.example/acme"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = add ?ssl-mode=VERIFY_CA&ssl-ca=PATH
    "#);
    insta::assert_snapshot!(told(url, "\"mysql://opsctl@db.example/acme?ssl-mode=VERIFY\""), @r#"
    tenants/acme.toml:12:7: this is no ssl-mode
       |
    12 | url = "mysql://opsctl@db.example/acme?ssl-mode=VERIFY"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = did you mean `VERIFY_CA`?
    "#);
    insta::assert_snapshot!(told(url, "\"mysql://opsctl:Zq9plantedvalue7@localhost/acme\""), @r#"
    tenants/acme.toml:12:7: a password does not belong in the address
       |
    12 | url = ***
       |       ^^^
       = leave it out, write password = "vault://store#password" in [store], and keep the value with: opsctl --tenant NAME vault set store password
    "#);
    insta::assert_snapshot!(told(url, "\"mysql://opsctl@localhost/acme?pasword=Zq9plantedvalue7\""), @r"
    tenants/acme.toml:12:7: the address has an option that opsctl does not know
       |
    12 | url = ***
       |       ^^^
       = one of `socket`, `ssl-mode`, `ssl-ca`, `ssl-cert`, `ssl-key`
    ");
    insta::assert_snapshot!(told(url, &format!("{url}\npassword = \"env://PASSWORD\"")), @r#"
    tenants/acme.toml:13:1: a SQLite file has no password
       |
    13 | password = "env://PASSWORD"
       | ^^^^^^^^
       = leave it out
    "#);
}

#[test]
fn a_shop_is_a_plain_web_address() {
    let url = "url = \"https://acme.example\"";
    insta::assert_snapshot!(told(url, "url = \"https://acme.example/shop/wp-json/wc/v3\""), @r#"
    tenants/acme.toml:23:7: the shop's address goes without /wp-json
       |
    23 | url = "https://acme.example/shop/wp-json/wc/v3"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = write https://acme.example/shop
    "#);
    insta::assert_snapshot!(told(url, "url = \"acme.example\""), @r#"
    tenants/acme.toml:23:7: this is not an address
       |
    23 | url = "acme.example"
       |       ^^^^^^^^^^^^^^
       = such as https://shop.example
    "#);
    insta::assert_snapshot!(told(url, "url = \"ftp://acme.example\""), @r#"
    tenants/acme.toml:23:7: a shop answers on http or https
       |
    23 | url = "ftp://acme.example"
       |       ^^^^^^^^^^^^^^^^^^^^
       = such as https://shop.example
    "#);
    insta::assert_snapshot!(told(url, "url = \"https://Zq9plantedvalue7@acme.example\""), @r"
    tenants/acme.toml:23:7: a user or password does not belong in the address
       |
    23 | url = ***
       |       ^^^
       = the API keys go into consumer_key and consumer_secret, as references
    ");
    insta::assert_snapshot!(told(url, "url = \"https://acme.example?consumer_secret=Zq9plantedvalue7\""), @r"
    tenants/acme.toml:23:7: a shop's address ends with its path
       |
    23 | url = ***
       |       ^^^
       = such as https://shop.example
    ");
}

#[test]
fn a_raw_secret_is_refused_unseen_with_the_command_that_keeps_it() {
    insta::assert_snapshot!(told("\"env://WOO_SECRET\"", &format!("\"{SECRET}\"")), @r#"
    tenants/acme.toml:25:19: a secret stands here only as a reference: vault://path#key, env://NAME or file://path
       |
    25 | consumer_secret = ***
       |                   ^^^
       = keep it with: opsctl --tenant acme vault set woo consumer_secret
       = and write: consumer_secret = "vault://woo#consumer_secret"
    "#);
    insta::assert_snapshot!(told("\"vault://woo#consumer_key\"", &format!("\"vault://{SECRET}\"")), @r"
    tenants/acme.toml:24:16: a vault reference reads vault://path#key, in letters, digits and _ - / .
       |
    24 | consumer_key = ***
       |                ^^^
    ");
    insta::assert_snapshot!(told("\"file://var/acme/identity.txt\"", &format!("\"{SECRET}\"")), @r#"
    tenants/acme.toml:16:12: a secret stands here only as a reference: vault://path#key, env://NAME or file://path
       |
    16 | identity = ***
       |            ^^^
       = keep it in a file that only you can read, and write: identity = "file://PATH"
    "#);
    insta::assert_snapshot!(told("\"file://var/acme/identity.txt\"", "\"vault://age#identity\""), @r#"
    tenants/acme.toml:16:12: what opens the vault cannot lie in the vault
       |
    16 | identity = "vault://age#identity"
       |            ^^^^^^^^^^^^^^^^^^^^^^
       = write file://PATH or env://NAME
    "#);
    insta::assert_snapshot!(
        told("url = \"sqlite://var/acme/opsctl.db\"", &format!("url = \"mysql://a@localhost/b\"\npassword = \"{SECRET}\"")),
        @r#"
    tenants/acme.toml:13:12: a secret stands here only as a reference: vault://path#key, env://NAME or file://path
       |
    13 | password = ***
       |            ^^^
       = keep it with: opsctl --tenant acme vault set store password
       = and write: password = "vault://store#password"
    "#
    );
}

#[test]
fn a_slip_template_is_one_of_the_paper() {
    let with = |lines: &str| told("[reserve]", &format!("[shipping]\n{lines}\n\n[reserve]"));
    let unknown = with("slip_template = \"letter-9\"");
    assert!(
        unknown.contains("there is no such template version")
            && unknown.contains("for this paper there is letter-1 and letter-html-1"),
        "{unknown}"
    );
    let other = with("slip = \"4x6\"\nslip_template = \"letter-1.2\"");
    assert!(
        other.contains("this version is for another paper than `slip`")
            && other.contains("for this paper there is 4x6-1"),
        "{other}"
    );
}

#[test]
fn a_slip_template_may_have_a_look_of_its_own() {
    for name in ["letter-1", "letter-1.2", "letter-html-1"] {
        let lines = format!("[shipping]\nslip_template = \"{name}\"\n\n[reserve]");
        parse(&RIGHT.replace("[reserve]", &lines)).unwrap();
    }
}
