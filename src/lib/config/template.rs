//! The text of a new tenant's file: every setting with its meaning, those with a default
//! commented out.

use super::values::{Refusal, currency, shop_url, store_url, tenant_name, time_zone};

/// What a new tenant's file is made from.
#[derive(Debug, Clone)]
pub struct Template<'a> {
    /// The tenant's name.
    pub name: &'a str,
    /// The database's address.
    pub store: &'a str,
    /// The shop's address.
    pub shop: &'a str,
    /// The IANA time zone.
    pub timezone: &'a str,
    /// The ISO 4217 currency.
    pub currency: &'a str,
    /// Whether `schema.json` lies beside it, for editors.
    pub schema: bool,
}

impl Template<'_> {
    /// Whether all of it may stand in a file.
    ///
    /// # Errors
    /// Something may not: the argument it came from, and why; an address is not repeated.
    pub fn check(&self) -> Result<(), (&'static str, Refusal)> {
        tenant_name(self.name).map_err(|refusal| ("the name", refusal))?;
        store_url(self.store).map_err(|refusal| ("--store", refusal))?;
        shop_url(self.shop).map_err(|refusal| ("--url", refusal))?;
        time_zone(self.timezone).map_err(|refusal| ("--timezone", refusal))?;
        currency(self.currency).map_err(|refusal| ("--currency", refusal))
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let schema = if self.schema {
            "#:schema ./schema.json\n\n"
        } else {
            ""
        };
        let password = if self.store.starts_with("mysql://") && !self.store.contains("socket=") {
            "password = \"vault://store#password\"\n"
        } else {
            ""
        };
        TEXT.replace("{schema}", schema)
            .replace("{password}", password)
            .replace("{name}", self.name)
            .replace("{timezone}", &quoted(self.timezone))
            .replace("{currency}", &quoted(self.currency))
            .replace("{store}", &quoted(self.store))
            .replace("{shop}", &quoted(self.shop))
    }
}

const TEXT: &str = r##"{schema}# The tenant {name} of opsctl. Safe to commit: secrets stand here as references only.
# After a change: opsctl --tenant {name} config check
# Lines that are commented out show the defaults, or an example where there is none.

[tenant]
# The file's own name.
name = "{name}"
# The name customers know.
display_name = "{name}"
# The name on invoices, where it differs.
# legal_name = "Example B.V."
# The web domains the shop answers on.
# domains = ["shop.example"]
# The IANA time zone in which business dates are told.
timezone = {timezone}
# ISO 4217 code of the books.
currency = {currency}

[branding]
# A logo file, relative to this file.
# logo = "logo.svg"
# An accent colour.
# color = "#1a73e8"
# Where customers write to.
# support_email = "help@shop.example"

[modules]
# Parts that are switched off refuse to run.
# sync = true
# reserve = true

[store]
# sqlite://PATH, or mysql://USER@HOST[:PORT]/DATABASE, with ?socket=PATH for a unix socket
# and ?ssl-mode=VERIFY_CA&ssl-ca=PATH over a network.
url = {store}
{password}
[vault]
# The encrypted file of secrets, and the identity that opens it (file://PATH or env://NAME).
file = "var/{name}/vault.age"
identity = "file://var/{name}/identity.txt"

[stock]
# Units of each product that are never offered on a channel.
# buffer = 0

[reserve]
# An order that cannot be served whole takes what there is ("partial"), or nothing
# ("whole-order").
# policy = "partial"
# Whether orders, too, leave the buffer untouched.
# keep_buffer = false

[purchasing]
# So many per cent more than ordered are taken without --accept-over; with so many per cent
# missing, a line of a purchase order counts as complete.
# over_percent = 0
# under_percent = 0
# By how many percent an invoice may differ from the agreed price and is accepted all the same.
# price_tolerance_percent = 0

[scan]
# After how many minutes without a sync the answer to a scan counts as stale.
# stale_after_minutes = 60

[web]
# Where `opsctl serve` listens, behind the tenant's edge; and whether browsers come over https.
# listen = "127.0.0.1:8080"
# https = true
# The networks whose word on the visitor's address is taken.
# trusted_proxies = ["10.0.0.0/8"]
# When a browser that was not used has to sign in again; when a station asks who is there.
# session_hours = 12
# idle_lock_minutes = 15
# The bearer token that reads /metrics.
# metrics_token = "vault://web#metrics_token"

[pick]
# How much of an order must be reserved before it is picked: "whole", "line" or "any".
# ready = "whole"
# Minutes without a scan after which a round may be taken over by somebody else.
# claim_minutes = 30
# Working days from the order to the day it is promised to leave.
# promise_days = 1
# Services by the shop's name of them; of one day's orders, the lowest rank goes first.
# [pick.services."Express"]
# rank = 1
# promise_days = 0

[pack]
# By so many per cent a package may weigh other than its contents and box do.
# weight_tolerance_percent = 15
# The boxes in use.
# [pack.boxes.small]
# length_mm = 300
# width_mm = 200
# height_mm = 150
# empty_g = 120

[shipping]
# The carrier of [carriers] that is used where none is named; needed where there are several.
# carrier = "ups"
# The paper of packing slips: "letter" or "4x6" (inches, as labels are).
# slip = "letter"
# Its template version, one of that paper; letter-html-1 needs WeasyPrint. A version never
# changes its look: after a change of the logo write letter-1.2, then letter-1.3 and so on.
# slip_template = "letter-1"
# A parcel of which nothing new was heard for so many hours is told as stalled.
# stalled_after_hours = 72
# Who sends: on labels, on packing slips, and where returns go.
# [shipping.sender]
# name = "{name}"
# line1 = "1 Main Street"
# city = "Reno"
# state = "NV"
# postcode = "89501"
# country = "US"
# phone = "7755550100"

# Who carries parcels.
# [carriers.ups]
# kind = "ups"
# account = "A1B2C3"
# client_id = "vault://ups#client_id"
# client_secret = "vault://ups#client_secret"
# The service that is used where the order asks for none; and others, by the shop's name of
# them.
# service = "03"
# services = { "Express" = "01" }
# Whether the account's own prices are asked for, and addresses in the US are checked.
# negotiated_rates = true
# check_addresses = true

[printing]
# The CUPS server, and seconds to wait for it.
# cups = "http://127.0.0.1:631"
# timeout_seconds = 15
# The stations, each with the queue of its thermal printer (raw) and of that for documents.
# [printing.stations.bench]
# labels = "zebra"
# documents = "office"

# A place where the tenant sells; its orders are called woo:1042.
[channels.woo]
kind = "woocommerce"
# The shop's address, without /wp-json.
url = {shop}
consumer_key = "vault://woo#consumer_key"
consumer_secret = "vault://woo#consumer_secret"
# Whether opsctl sync writes quantities to the shop.
# push_stock = true
# Whether the notes that tell of parcels go to the customer, by the shop's mail.
# tracking_notes_to_customer = false
# Requests in flight at once, requests a second, seconds to wait for an answer.
# parallel = 4
# requests_per_second = 10
# timeout_seconds = 60
# The units of the shop (WooCommerce, Settings, Products).
# weight_unit = "kg"
# dimension_unit = "cm"

# What order statuses of the shop's own mean: ship, reserve, none, shipped or closed.
# [channels.woo.statuses]
# quality-check = "reserve"
"##;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Tenant;

    const NEW: Template<'_> = Template {
        name: "acme",
        store: "sqlite://var/acme/opsctl.db",
        shop: "https://shop.example",
        timezone: "Europe/Amsterdam",
        currency: "EUR",
        schema: true,
    };

    fn parsed(text: &str) -> Tenant {
        Tenant::parse(text, Path::new("acme.toml")).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_new_file_is_right_as_it_stands() {
        let tenant = parsed(&NEW.text());
        assert_eq!(tenant.tenant.name, "acme");
        assert!(tenant.store.password.is_none());
        let maria = Template {
            store: "mysql://opsctl@127.0.0.1/acme",
            ..NEW
        };
        assert!(parsed(&maria.text()).store.password.is_some());
    }

    /// The settings that are commented out parse, and the defaults among them are the defaults.
    #[test]
    fn what_is_commented_out_is_right_too() {
        let text = NEW.text();
        let uncommented: Vec<&str> = text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(setting) if setting.contains(" = ") || setting.starts_with('[') => setting,
                _ => line,
            })
            .collect();
        let all = parsed(&uncommented.join("\n"));
        assert_eq!(all.branding.color.as_deref(), Some("#1a73e8"));
        let mut all = serde_json::to_value(&all).unwrap();
        let mut plain = serde_json::to_value(parsed(&text)).unwrap();
        for example in [
            "/branding",
            "/tenant",
            "/channels/woo/statuses",
            "/pack/boxes",
            "/pick/services",
            "/shipping/carrier",
            "/shipping/sender",
            "/shipping/slip_template",
            "/carriers",
            "/printing/stations",
            "/web/metrics_token",
            "/web/trusted_proxies",
        ] {
            *all.pointer_mut(example).unwrap() = serde_json::Value::Null;
            *plain.pointer_mut(example).unwrap() = serde_json::Value::Null;
        }
        assert_eq!(all, plain);
    }

    #[test]
    fn words_are_quoted() {
        let odd = Template {
            timezone: "a\"b",
            ..NEW
        };
        let error = Tenant::parse(&odd.text(), Path::new("acme.toml")).unwrap_err();
        assert!(error.to_string().contains("no time zone"), "{error}");
    }
}
