//! A made-up shop: the same for the same seed and number of SKUs.
//!
//! Most of it is plain, and a little of everything that is not: variable products, some of
//! which keep the stock for all their variations; items whose stock nobody counts; items
//! without a SKU or barcode; titles beyond ASCII; orders in every status.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::woocommerce::{Item, Object, Record, Refusal, State, create_order};

/// How large a shop, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Things that can be sold: simple products and variations.
    pub skus: usize,
    /// The same seed makes the same shop.
    pub seed: u64,
    /// Whether some variable products keep the stock of all their variations, which then say
    /// `manage_stock: "parent"`. Real shops do; the published description knows only booleans.
    pub shared_stock: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            skus: 2_000,
            seed: 1,
            shared_stock: true,
        }
    }
}

const MAKES: [&str; 14] = [
    "Alder", "Brisk", "Cobalt", "Dünen", "Ember", "Fjörd", "Grove", "Harbour", "Île", "Juniper",
    "Łąka", "Marlow", "Ørsted", "Quarry",
];
const THINGS: [&str; 20] = [
    "bread knife",
    "café tray",
    "candle holder",
    "crème brûlée torch",
    "desk lamp",
    "draught stop",
    "espresso cup",
    "garden fork",
    "hand broom",
    "jar opener",
    "kitchen scale",
    "letter rack",
    "mixing bowl",
    "naïve print",
    "oil can",
    "pepper mill",
    "shoe brush",
    "tea strainer",
    "Türstopper",
    "wall hook",
];
const WEAR: [&str; 8] = [
    "apron",
    "beanie",
    "cardigan",
    "fisherman's jumper",
    "gilet",
    "overshirt",
    "scarf",
    "sokkeř",
];
const FINISHES: [&str; 8] = [
    "oak",
    "steel",
    "blue",
    "sand",
    "moss",
    "matt black",
    "copper",
    "white",
];
const COLOURS: [&str; 2] = ["Indigo", "Ochre"];
const SIZES: [&str; 3] = ["S", "M", "L"];
const STATUSES: [&str; 7] = [
    "processing",
    "completed",
    "on-hold",
    "pending",
    "cancelled",
    "failed",
    "refunded",
];
const FAMILY: usize = COLOURS.len() * SIZES.len();
const ORDERS: usize = 42;
const DAY_S: i64 = 86_400;

/// Fills a shop.
///
/// # Errors
/// The shop refuses an order of its own making.
pub(super) fn fill(state: &mut State, plan: Plan) -> Result<(), Refusal> {
    let today = state.now;
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let families = plan.skus * 15 / 100 / FAMILY;
    for number in 0..plan.skus - families * FAMILY {
        let made = today - 200 * DAY_S + rng.random_range(0..100 * DAY_S);
        simple(state, &mut rng, number, made);
    }
    for number in 0..families {
        let made = today - 200 * DAY_S + rng.random_range(0..100 * DAY_S);
        family(state, &mut rng, plan, number, made);
    }
    if plan.skus > 0 {
        sales(state, &mut rng, today)?;
    }
    state.now = today;
    Ok(())
}

fn simple(state: &mut State, rng: &mut StdRng, number: usize, made: i64) {
    let id = state.ids.next_post();
    let mut item = Item::new(id, None, made);
    let record = &mut item.record;
    let name = format!(
        "{} {}, {}",
        pick(rng, &MAKES),
        pick(rng, &THINGS),
        pick(rng, &FINISHES)
    );
    record.set("slug", format!("item-{id}"));
    record.set("permalink", format!("https://shop.test/product/item-{id}/"));
    record.set("name", name);
    if number % 211 != 7 {
        record.set("sku", format!("SB-{:06}", number + 1));
    }
    if number % 9 != 4 {
        record.set("global_unique_id", ean13(id));
    }
    price(record, rng);
    record.set(
        "weight",
        format!("{:.3}", f64::from(rng.random_range(20..4_000)) / 1000.0),
    );
    match number % 50 {
        13 => record.set("stock_status", "instock"),
        _ => stock(record, rng),
    }
    if number % 97 == 11 {
        record.set("status", "draft");
    }
    state.catalogue.insert(item);
}

fn family(state: &mut State, rng: &mut StdRng, plan: Plan, number: usize, made: i64) {
    let id = state.ids.next_post();
    let mut product = Item::new(id, None, made);
    let is_shared = plan.shared_stock && number % 6 == 2;
    let record = &mut product.record;
    let name = format!("{} {}", pick(rng, &MAKES), pick(rng, &WEAR));
    record.set("slug", format!("item-{id}"));
    record.set("permalink", format!("https://shop.test/product/item-{id}/"));
    record.set("name", name);
    record.set("type", "variable");
    record.set("sku", format!("SBV-{:05}", number + 1));
    record.set(
        "attributes",
        json!([
            {"id": 1, "name": "Colour", "slug": "pa_colour", "position": 0, "visible": true,
             "variation": true, "options": COLOURS},
            {"id": 2, "name": "Size", "slug": "pa_size", "position": 1, "visible": true,
             "variation": true, "options": SIZES},
        ]),
    );
    if is_shared {
        stock(record, rng);
    }
    let shared = product.record.clone();
    state.catalogue.insert(product);
    for colour in COLOURS {
        for size in SIZES {
            let child = state.ids.next_post();
            let mut item = Item::new(child, Some(id), made);
            let record = &mut item.record;
            let code = colour[..3].to_uppercase();
            record.set("sku", format!("SBV-{:05}-{code}-{size}", number + 1));
            record.set("global_unique_id", ean13(child));
            record.set("name", format!("{colour}, {size}"));
            record.set("permalink", format!("https://shop.test/product/item-{id}/"));
            record.set(
                "attributes",
                json!([
                    {"id": 1, "name": "Colour", "slug": "pa_colour", "option": colour},
                    {"id": 2, "name": "Size", "slug": "pa_size", "option": size},
                ]),
            );
            price(record, rng);
            if is_shared {
                record.set("manage_stock", "parent");
                for key in ["stock_quantity", "stock_status"] {
                    record.set(key, shared.get(key).clone());
                }
            } else {
                stock(record, rng);
            }
            state.catalogue.insert(item);
        }
    }
    state.catalogue.note_children(id);
}

fn pick<'a>(rng: &mut StdRng, words: &[&'a str]) -> &'a str {
    words.choose(rng).copied().unwrap_or_default()
}

fn price(record: &mut Record, rng: &mut StdRng) {
    let cents: u32 = rng.random_range(150..12_000);
    let price = format!("{}.{:02}", cents / 100, cents % 100);
    record.set("regular_price", price.as_str());
    record.set("price", price);
}

fn stock(record: &mut Record, rng: &mut StdRng) {
    let quantity: i64 = if rng.random_ratio(1, 20) {
        0
    } else {
        rng.random_range(1..120)
    };
    record.set("manage_stock", true);
    record.set("stock_quantity", quantity);
    if quantity == 0 {
        record.set("stock_status", "outofstock");
    }
}

/// An EAN-13 from the range that shops give out for themselves (GS1 prefix 20).
fn ean13(id: u64) -> String {
    let body = format!("20{id:010}");
    let sum: u32 = body
        .bytes()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// Some weeks of orders. The shop makes each at its own day, so that stock and dates agree.
fn sales(state: &mut State, rng: &mut StdRng, today: i64) -> Result<(), Refusal> {
    let sellable: Vec<u64> = state
        .catalogue
        .iter()
        .filter(|item| {
            item.record.text("type") != "variable" && item.record.text("status") == "publish"
        })
        .map(|item| item.id)
        .collect();
    for number in 0..ORDERS {
        let left = (ORDERS - number) as i64;
        state.now = today - left * DAY_S + rng.random_range(0..DAY_S / 2);
        let mut lines = Vec::new();
        for _ in 0..rng.random_range(1..=4) {
            let Some(id) = sellable.choose(rng) else {
                continue;
            };
            let parent = state.catalogue.get(*id).and_then(|item| item.parent);
            let (product, variation) = parent.map_or((*id, 0), |parent| (parent, *id));
            lines.push(json!({
                "product_id": product, "variation_id": variation,
                "quantity": rng.random_range(1..=3)
            }));
        }
        // The first of a week waits, the second has been sent, and so on; every fourth beyond
        // those is being processed.
        let status = if number % 4 == 0 {
            "processing"
        } else {
            STATUSES[number % STATUSES.len()]
        };
        let order = json!({
            "status": status,
            "billing": buyer(number),
            "shipping": ship_to(number),
            "payment_method": "bacs",
            "payment_method_title": "Bank transfer",
            "line_items": lines,
            "shipping_lines": [
                {"method_id": "flat_rate", "method_title": "Parcel", "total": "4.95"}
            ],
        });
        create_order(state, &object(order))?;
    }
    Ok(())
}

const BUYERS: [(&str, &str, &str, &str); 6] = [
    ("Aïcha", "Benali", "Utrecht", "3511 AB"),
    ("Jörg", "Weiß", "Arnhem", "6811 CD"),
    ("Siobhán", "O'Dwyer", "Delft", "2611 EF"),
    ("Zoë", "van 't Hof", "Zwolle", "8011 GH"),
    ("Łukasz", "Żak", "Breda", "4811 JK"),
    ("明", "李", "Leiden", "2311 LM"),
];

fn ship_to(number: usize) -> Value {
    let (first, last, city, postcode) = BUYERS[number % BUYERS.len()];
    json!({
        "first_name": first, "last_name": last, "address_1": format!("Markt {}", number + 1),
        "city": city, "postcode": postcode, "country": "NL"
    })
}

fn buyer(number: usize) -> Value {
    let mut buyer = ship_to(number);
    buyer["email"] = format!("buyer{number}@customer.test").into();
    buyer
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::woocommerce::Guard;
    use super::*;

    fn shop(skus: usize) -> State {
        let mut state = State::new(Guard::new(String::new(), String::new()), 1_795_000_000);
        let plan = Plan {
            skus,
            seed: 1,
            ..Plan::default()
        };
        fill(&mut state, plan).unwrap();
        state
    }

    fn all(state: &State) -> Vec<Value> {
        let items = state.catalogue.iter().map(|item| &item.record);
        let orders = state.orders.iter().map(|order| &order.record);
        items
            .chain(orders)
            .map(|record| serde_json::to_value(record.view(None)).unwrap())
            .collect()
    }

    #[test]
    fn the_same_plan_makes_the_same_shop() {
        assert_eq!(all(&shop(300)), all(&shop(300)));
    }

    #[test]
    fn there_is_a_little_of_everything() {
        let state = shop(2_000);
        let count =
            |test: &dyn Fn(&Item) -> bool| state.catalogue.iter().filter(|i| test(i)).count();
        let is_sold = |item: &Item| item.record.text("type") != "variable";
        assert_eq!(count(&is_sold), 2_000);
        assert!(count(&|i| i.record.get("manage_stock") == "parent") > 10);
        assert!(count(&|i| is_sold(i) && i.record.get("manage_stock") == false) > 10);
        assert!(count(&|i| i.record.text("sku").is_empty()) > 3);
        assert!(count(&|i| !i.record.text("name").is_ascii()) > 100);
        let statuses: BTreeSet<&str> = state
            .orders
            .iter()
            .map(|o| o.record.text("status"))
            .collect();
        assert_eq!(statuses, STATUSES.into());
        assert!(
            state
                .orders
                .iter()
                .all(|order| order.stamps.modified < state.now)
        );
    }

    #[test]
    fn barcodes_have_their_check_digit() {
        // GS1's own example of the check digit: 629104150021 -> 3.
        let weigh = |code: &str| -> u32 {
            let digits = code.bytes().map(|b| u32::from(b - b'0'));
            digits
                .zip([1, 3].into_iter().cycle())
                .map(|(d, w)| d * w)
                .sum()
        };
        assert_eq!(weigh("6291041500213") % 10, 0);
        for id in [1, 157, 49_999] {
            let code = ean13(id);
            assert_eq!((code.len(), weigh(&code) % 10), (13, 0), "{code}");
        }
    }

    #[test]
    fn small_shops_work_too() {
        for skus in [0, 1, 39, 41] {
            let state = shop(skus);
            let sold = state
                .catalogue
                .iter()
                .filter(|i| i.record.text("type") != "variable");
            assert_eq!(sold.count(), skus);
        }
    }
}
