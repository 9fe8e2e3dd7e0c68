//! A shop with packed orders and a UPS account at the sandbox.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use opsctl::context::{Clock, Context};
use opsctl::sandbox::faults::Rule;
use opsctl::sandbox::ups::{ACCOUNT, CLIENT_ID, CLIENT_SECRET, Ups};
use opsctl::sandbox::{Content, Options, Plan, Sandbox};
use opsctl::workflows::consign::{self, Wish};
use serde_json::Value;

use crate::harness::{NOW, Shop};
use crate::packing::picked;
use crate::shelves::receive;
use crate::trading;

/// The shop's street, by country.
const SENDERS: [(&str, &str); 2] = [
    (
        "NL",
        "name = \"The Shop\"\nline1 = \"Keizersgracht 1\"\ncity = \"Amsterdam\"\n\
         postcode = \"1015 CJ\"\ncountry = \"NL\"\nphone = \"0201234567\"\n",
    ),
    (
        "US",
        "name = \"The Shop\"\nline1 = \"1 Main Street\"\ncity = \"Reno\"\nstate = \"NV\"\n\
         postcode = \"89501\"\ncountry = \"US\"\nphone = \"7755550100\"\n",
    ),
];

/// Where customers live, as columns of an orders file.
pub const IN_UTRECHT: &str = "Bo Visser,Oudegracht 12,Utrecht,,3511 AP,NL";
pub const IN_ALBANY: &str = "Bob Lane,2 State Street,Albany,NY,12207,US";

pub struct Dock {
    pub shop: Shop,
    pub sandbox: Sandbox,
    pub more: String,
}

impl Dock {
    /// A shop in a country, with mugs on its shelf.
    pub async fn open(shop: Shop, country: &str) -> Self {
        Self::open_with(shop, country, "").await
    }

    /// The same, with more in its tenant's file.
    pub async fn open_with(shop: Shop, country: &str, own: &str) -> Self {
        let sandbox = Sandbox::start(Options {
            content: Content::Generated(Plan {
                skus: 40,
                seed: 7,
                ..Plan::default()
            }),
            ..Options::default()
        })
        .await
        .unwrap();
        let [id, secret] =
            [("ups-id", CLIENT_ID), ("ups-secret", CLIENT_SECRET)].map(|(name, value)| {
                let file = shop.write(name, value);
                std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
                file.display().to_string()
            });
        let (_, sender) = SENDERS.iter().find(|(of, _)| *of == country).unwrap();
        let more = format!(
            "[shipping.sender]\n{sender}[carriers.ups]\nkind = \"ups\"\nurl = \"{}\"\n\
             account = \"{ACCOUNT}\"\nclient_id = \"file://{id}\"\nclient_secret = \"file://{secret}\"\n\
             requests_per_second = 1000\nservices = {{ \"Express\" = \"{}\" }}\nservice = \"{}\"\n{}",
            sandbox.ups_url(),
            if country == "US" { "01" } else { "65" },
            if country == "US" { "03" } else { "11" },
            trading::channel(&shop, &sandbox),
        );
        let more = format!("{more}{own}");
        shop.write("tenants/shop.toml", &shop.tenant_file(&more));
        receive(&shop, "MUG,L1,2026-01-02,50,50.00,main\n");
        Self {
            shop,
            sandbox,
            more,
        }
    }

    pub fn ups(&self) -> Ups {
        self.sandbox.ups()
    }

    pub fn spoil(&self, rule: &str) {
        self.sandbox.faults().inject(rule.parse::<Rule>().unwrap());
    }

    /// The answer to the next purchase is lost, and nobody can be asked about it either, until
    /// the faults are cleared.
    pub fn lose_the_answer(&self) {
        self.spoil("cut-after,path=shipments");
        self.spoil("cut-before,path=labels,times=50");
    }

    /// An order of mugs for somebody, reserved.
    pub fn order(&self, number: &str, mugs: i64, to: &str) {
        let name = format!("order-{number}.csv");
        self.shop.write(
            &name,
            &format!(
                "order,placed_at,sku,qty,ship_to_name,ship_to_line1,ship_to_city,ship_to_state,\
                 ship_to_postcode,ship_to_country\n{number},2026-02-01,MUG,{mugs},{to}\n"
            ),
        );
        self.shop.json(&["orders", "import", &name]);
        self.shop.json(&["reserve"]);
    }

    /// The same, packed into so many boxes of one mug each.
    pub async fn packed(&self, number: &str, boxes: i64, to: &str) {
        self.order(number, boxes, to);
        let order = format!("manual:{number}");
        picked(&self.shop, &order).await;
        self.shop.json(&["pack", "start", &order]);
        for n in 1..=boxes {
            let n = n.to_string();
            self.shop
                .json(&["pack", "box", &order, "--size", "300x200x100"]);
            self.shop.json(&["pack", "item", &order, &n, "MUG"]);
            self.shop
                .json(&["pack", "box", &order, "--number", &n, "--weight", "500"]);
        }
        self.shop.json(&["pack", "finish", &order]);
    }

    /// A context some minutes after the usual now.
    pub async fn after(&self, minutes: i64) -> Context {
        let mut ctx = self
            .shop
            .context_with(&format!("m{minutes}"), &self.more)
            .await;
        ctx.clock = Clock::Fixed(NOW.plus_ms(minutes * 60_000));
        ctx
    }

    /// Ships an order in process, at a minute.
    pub async fn ship(&self, minutes: i64, order: &str) -> anyhow::Result<consign::Report> {
        let ctx = self.after(minutes).await;
        let wish = Wish {
            order: order.to_owned(),
            ..Wish::default()
        };
        consign::ship(&ctx, &wish).await
    }

    /// The newest consignment, as `opsctl ship list` has it.
    pub fn newest(&self) -> Value {
        self.shop.json(&["ship", "list"])["consignments"][0].clone()
    }

    pub fn state(&self) -> String {
        self.newest()["state"].as_str().unwrap().to_owned()
    }

    pub fn on_hand(&self) -> i64 {
        self.shop.json(&["stock", "show", "MUG"])["on_hand"]
            .as_i64()
            .unwrap()
    }
}

/// What went wrong, as a person reads it.
pub fn words(result: anyhow::Result<consign::Report>) -> String {
    format!("{:#}", result.expect_err("it must be refused"))
}

/// The numbers of a consignment's pieces.
pub fn numbers(consignment: &Value) -> Vec<String> {
    let parcels = consignment["parcels"].as_array().unwrap().iter();
    parcels
        .filter_map(|parcel| parcel["tracking"].as_str().map(str::to_owned))
        .collect()
}
