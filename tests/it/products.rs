//! The catalogue by hand: lists that say how it shall be, and kits that can be sold.

use opsctl::workflows::products::{self, Wanted};
use opsctl::workflows::{orders, receive, reserve};
use serde_json::Value;

use crate::harness::{Kind, Shop, on_all_stores};

on_all_stores!(
    a_list_is_applied_once_and_an_empty_cell_leaves_what_is_stored,
    a_dry_run_plans_and_changes_nothing,
    a_list_with_a_bad_cell_changes_nothing,
    tracking_stays_while_units_are_on_hand,
    codes_come_with_the_units_of_a_pack,
    kits_are_set_anew_and_sold_by_their_components,
    a_kit_that_could_not_be_sold_is_refused,
    a_kit_is_never_received,
    products_are_listed_in_pages_and_found_by_text,
    fifty_thousand_rows_are_imported,
);

const FIRST: &str = "sku,title,brand,weight_g,length_mm,width_mm,height_mm,tracking,\
    origin_country,hs_code,buffer,gtin,units_per_scan\n\
    MUG,Blue mug,Acme,300,100,80,90,none,nl,6912.00.21,2,5901234123457,\n\
    MUG,,,,,,,,,,,15901234123454,12\n\
    PLATE,,,,,,,lot,,,,,\n";

fn refused(shop: &Shop, args: &[&str], parts: &[&str]) {
    let output = shop.run(args);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    for part in parts {
        assert!(words.contains(part), "{part} is not in:\n{words}");
    }
}

fn events(shop: &Shop) -> usize {
    let output = shop.run(&["events", "--json", "--limit", "1000"]);
    String::from_utf8_lossy(&output.stdout)
        .matches("product.")
        .count()
}

async fn a_list_is_applied_once_and_an_empty_cell_leaves_what_is_stored(shop: Shop) {
    let ctx = shop.context("r1").await;
    let file = shop.write("products.csv", FIRST);
    let first = products::import(&ctx, &file, false).await.unwrap();
    assert_eq!((first.new, first.changed, first.unchanged), (2, 0, 0));
    assert_eq!((first.new_codes, first.changed_codes), (2, 0));
    let told = events(&shop);
    let second = products::import(&ctx, &file, false).await.unwrap();
    assert_eq!((second.new, second.changed, second.unchanged), (0, 0, 2));
    assert_eq!((second.new_codes, second.changed_codes), (0, 0));
    assert_eq!(events(&shop), told);

    let mug = products::show(&ctx, "MUG").await.unwrap();
    assert_eq!(mug.product.hs_code.as_deref(), Some("69120021"));
    assert_eq!(mug.product.origin_country.as_deref(), Some("NL"));
    assert_eq!(mug.codes[1].units_per_scan, 12);
    let plate = products::show(&ctx, "PLATE").await.unwrap();
    assert_eq!(plate.product.title, "PLATE");

    let more = "sku,weight_g,title\nMUG,310,\nPLATE,,Plate\nBOWL,,\n";
    let report = products::import(&ctx, &shop.write("more.csv", more), false)
        .await
        .unwrap();
    assert_eq!((report.new, report.changed, report.unchanged), (1, 2, 0));
    let changed = products::show(&ctx, "MUG").await.unwrap();
    let wanted = opsctl::store::products::Row {
        weight_g: Some(310),
        ..mug.product
    };
    assert_eq!(changed.product, wanted);
    let history = shop.run(&["events", "--subject", "sku:MUG"]);
    let history = String::from_utf8_lossy(&history.stdout).into_owned();
    assert!(
        history.contains("product.added") && history.contains("[300,310]"),
        "{history}"
    );
}

async fn a_dry_run_plans_and_changes_nothing(shop: Shop) {
    shop.write("products.csv", FIRST);
    let plan = shop.json(&["products", "import", "products.csv", "--dry-run"]);
    assert_eq!((&plan["new"], &plan["dry_run"]), (&2.into(), &true.into()));
    assert_eq!(
        plan["plan"][0]["facts"]["weight_g"],
        serde_json::json!([null, 300])
    );
    assert_eq!(shop.json(&["products", "list"])["total"], 0);
    shop.json(&["products", "import", "products.csv"]);
    shop.write("kits.csv", "kit,component,qty\nPLATE,MUG,2\n");
    let plan = shop.json(&["products", "kits", "kits.csv", "--dry-run"]);
    assert_eq!(plan["new"], 1);
    let plate = shop.json(&["products", "show", "PLATE"]);
    assert_eq!(plate["components"], Value::Array(Vec::new()));
}

async fn a_list_with_a_bad_cell_changes_nothing(shop: Shop) {
    shop.write(
        "bad.csv",
        "sku,title,weight_g,tracking,origin_country,hs_code,buffer,gtin,units_per_scan\n\
         A,Good,,,,,,,\n\
         B,,-1,batch,UK,12.34,1000001,5901234123458,0\n\
         C,,1.5,,,,,,3\n\
         A,Other,,,,,,,\n\
         ,,,,,,,,5\n\
         D,,,,,,,5901234123457,2\n\
         D,,,,,,,5901234123457,3\n",
    );
    refused(
        &shop,
        &["products", "import", "bad.csv"],
        &[
            "line 3, column weight_g: -1 is not between 0",
            "line 3, column tracking: \"batch\" is none of",
            "line 3, column origin_country: \"UK\" is not a country's two letters (ISO 3166-1); \
             the United Kingdom is GB",
            "line 3, column hs_code: \"12.34\" is not 6 to 10 digits",
            "line 3, column buffer: 1000001 is not between 0 and 1000000",
            "line 3, column gtin: check digit is 8, expected 7",
            "line 3, column units_per_scan: 0 is not a quantity",
            "line 4, column weight_g: \"1.5\" is not a whole number",
            "line 4, column units_per_scan: there is no gtin",
            "line 5, column title: an earlier row of this SKU says otherwise",
            "line 6, column sku: is empty",
            "line 8, column units_per_scan: an earlier row of this gtin says otherwise",
            "12 bad cells, nothing was applied",
        ],
    );
    assert_eq!(shop.json(&["products", "list"])["total"], 0);
}

async fn tracking_stays_while_units_are_on_hand(shop: Shop) {
    shop.write("products.csv", FIRST);
    shop.json(&["products", "import", "products.csv"]);
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty\nPLATE,L1,2026-01-02,3\n",
    );
    shop.json(&["receive", "lots.csv"]);
    shop.write(
        "serial.csv",
        "sku,tracking\nMUG,serial\nPLATE,\nPLATE,serial\n",
    );
    let import = ["products", "import", "serial.csv"];
    let why = "line 4, column tracking: PLATE has 3 units on hand that are tracked by \"lot\"";
    refused(&shop, &import, &[why]);
    assert_eq!(
        shop.json(&["products", "show", "MUG"])["tracking"],
        "none",
        "all or nothing"
    );
    shop.json(&["stock", "adjust", "PLATE", "--by", "-3", "--reason", "lost"]);
    assert_eq!(shop.json(&import)["changed"], 2);
    let plate = shop.json(&["products", "show", "PLATE"]);
    assert_eq!(plate["tracking"], "serial");
}

async fn codes_come_with_the_units_of_a_pack(shop: Shop) {
    shop.write("products.csv", FIRST);
    shop.json(&["products", "import", "products.csv"]);
    let scanned = shop.json(&["scan", "15901234123454"]);
    assert_eq!(scanned["matches"][0]["sku"], "MUG");
    assert_eq!(
        scanned["matches"][0]["matched"]["units_per_scan"], 12,
        "{scanned}"
    );
    // Nothing said of the units leaves them; said otherwise, they change.
    shop.write("codes.csv", "sku,gtin\nMUG,15901234123454\n");
    let import = ["products", "import", "codes.csv"];
    assert_eq!(shop.json(&import)["unchanged"], 1);
    shop.write(
        "codes.csv",
        "sku,gtin,units_per_scan\nMUG,15901234123454,10\nPLATE,5901234123457,\n",
    );
    let report = shop.json(&import);
    assert_eq!(
        (&report["new_codes"], &report["changed_codes"]),
        (&1.into(), &1.into())
    );
    assert_eq!(
        report["shared_codes"],
        serde_json::json!(["05901234123457"])
    );
    let mug = shop.json(&["products", "show", "MUG"]);
    assert_eq!(mug["codes"][1]["units_per_scan"], 10);
}

async fn kits_are_set_anew_and_sold_by_their_components(shop: Shop) {
    let ctx = shop.context("r1").await;
    let list = shop.write("products.csv", "sku\nBOX\nPALLET\nMUG\nPLATE\n");
    products::import(&ctx, &list, false).await.unwrap();
    let text = "kit,component,qty\nPALLET,BOX,10\nBOX,MUG,2\nBOX,PLATE,1\n";
    let file = shop.write("kits.csv", text);
    let first = kits::set_kits(&ctx, &file, false).await.unwrap();
    assert_eq!((first.new, first.changed, first.unchanged), (2, 0, 0));
    let told = events(&shop);
    let second = kits::set_kits(&ctx, &file, false).await.unwrap();
    assert_eq!((second.new, second.changed, second.unchanged), (0, 0, 2));
    assert_eq!(events(&shop), told);

    let lots = "sku,lot,received_on,qty\nMUG,L1,2026-01-02,50\nPLATE,L1,2026-01-02,50\n";
    receive::run(
        &ctx,
        &shop.write("lots.csv", lots),
        &receive::Options::default(),
    )
    .await
    .unwrap();
    let sold = "order,placed_at,sku,qty\n1,2026-02-01,PALLET,1\n2,2026-02-02,BOX,3\n";
    orders::import(&ctx, &shop.write("orders.csv", sold), None, false)
        .await
        .unwrap();
    let report = reserve::run(&ctx, false).await.unwrap();
    assert_eq!(report.units_reserved, 10 * 3 + 3 * 3);

    let text = "kit,component,qty\nBOX,MUG,4\n";
    let third = kits::set_kits(&ctx, &shop.write("kits.csv", text), false)
        .await
        .unwrap();
    assert_eq!((third.new, third.changed, third.unchanged), (0, 1, 0));
    let shown = products::show(&ctx, "BOX").await.unwrap();
    assert_eq!(shown.components.len(), 1);
    assert_eq!(shown.components[0].quantity, 4);
    assert_eq!(shown.part_of[0].sku, "PALLET");
    shop.must_be_sound();
}

async fn a_kit_that_could_not_be_sold_is_refused(shop: Shop) {
    shop.write(
        "products.csv",
        "sku\nBOX\nPALLET\nMUG\nSTOCKED\nVARIATION\nPARENT\n",
    );
    shop.json(&["products", "import", "products.csv"]);
    shop.write("kits.csv", "kit,component,qty\nPALLET,BOX,10\n");
    shop.json(&["products", "kits", "kits.csv"]);
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty\nSTOCKED,L1,2026-01-02,3\n",
    );
    shop.json(&["receive", "lots.csv"]);
    shop.sql(
        "INSERT INTO kit_components (kit_id, component_id, quantity, source) \
         SELECT v.id, p.id, 1, 'shop' FROM products v JOIN products p ON p.sku = 'PARENT' \
         WHERE v.sku = 'VARIATION'",
    )
    .await;
    shop.write(
        "bad.csv",
        "kit,component,qty\n\
         BOX,PALLET,1\n\
         NONE,MUG,1\n\
         MUG,NONE,0\n\
         STOCKED,MUG,2\n\
         VARIATION,MUG,1\n\
         PARENT,PARENT,1\n\
         BOX,PALLET,2\n",
    );
    refused(
        &shop,
        &["products", "kits", "bad.csv"],
        &[
            "line 2, column kit: BOX: a kit contains itself",
            "line 3, column kit: there is no product \"NONE\"",
            "line 4, column component: there is no product \"NONE\"",
            "line 4, column qty: 0 is not a quantity",
            "line 5, column kit: STOCKED has 3 units on hand of its own",
            "line 6, column kit: VARIATION is kept by the shop: there it draws on the stock of \
             PARENT",
            "line 7, column kit: PARENT: a kit contains itself",
            "line 8, column component: an earlier row of this kit names it too",
        ],
    );
    let many = "kit,component,qty\nBOX,MUG,200000\n";
    shop.write("many.csv", many);
    let outer = "PALLET, which contains kits of this list, would be too large";
    refused(&shop, &["products", "kits", "many.csv"], &[outer]);
    let box_now = shop.json(&["products", "show", "BOX"]);
    assert_eq!(box_now["components"], Value::Array(Vec::new()));
}

async fn a_kit_is_never_received(shop: Shop) {
    shop.write("products.csv", "sku\nBOX\nMUG\n");
    shop.json(&["products", "import", "products.csv"]);
    shop.write("kits.csv", "kit,component,qty\nBOX,MUG,2\n");
    shop.json(&["products", "kits", "kits.csv"]);
    shop.write(
        "lots.csv",
        "sku,lot,received_on,qty\nMUG,L1,2026-01-02,3\nBOX,L1,2026-01-02,3\n",
    );
    let why = "line 3, column sku: BOX is a kit; receive its components";
    refused(&shop, &["receive", "lots.csv"], &[why]);
    let listed = shop.json(&["stock", "show", "MUG"]);
    assert_eq!(listed["on_hand"], 0);
}

async fn products_are_listed_in_pages_and_found_by_text(shop: Shop) {
    let ctx = shop.context("r1").await;
    let mut text = String::from("sku,title\n");
    for i in 0..25 {
        text.push_str(&format!("P{i:02},Thing {i} at 10%_off!\n"));
    }
    text.push_str("ODD,A blue Mug\n");
    products::import(&ctx, &shop.write("products.csv", &text), false)
        .await
        .unwrap();
    let (mut after, mut seen, mut pages) = (None::<String>, Vec::new(), 0);
    loop {
        let wanted = Wanted {
            search: None,
            after: after.as_deref(),
            limit: 10,
        };
        let page = products::list(&ctx, wanted).await.unwrap();
        assert_eq!(page.total, 26);
        seen.extend(page.rows.into_iter().map(|row| row.sku));
        pages += 1;
        after = page.next_after;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (3, 26));
    assert!(seen.is_sorted());
    for (search, found) in [
        ("blue mug", 1),
        ("odd", 1),
        ("p1", 10),
        ("10%_off!", 25),
        ("10%%", 0),
        ("P_1", 0),
    ] {
        let wanted = Wanted {
            search: Some(search),
            after: None,
            limit: 100,
        };
        let page = products::list(&ctx, wanted).await.unwrap();
        assert_eq!(
            (page.total, page.rows.len()),
            (found, found as usize),
            "{search}"
        );
    }
}

async fn fifty_thousand_rows_are_imported(shop: Shop) {
    let ctx = shop.context("r1").await;
    let list = |weight: i64| {
        let mut text = String::from("sku,title,weight_g,gtin\n");
        for i in 0..50_000_u64 {
            let stem = 2_000_000_000_000 + i * 10;
            let digit = (0..10)
                .find(|d| opsctl::domain::gtin::Gtin14::try_from(stem + d).is_ok())
                .unwrap();
            text.push_str(&format!(
                "S{i:05},Thing {i},{weight},{:013}\n",
                stem + digit
            ));
        }
        shop.write("products.csv", &text)
    };
    let timed = async |file: std::path::PathBuf| {
        let started = std::time::Instant::now();
        let report = products::import(&ctx, &file, false).await.unwrap();
        (report, started.elapsed())
    };
    let (first, made) = timed(list(1)).await;
    assert_eq!((first.new, first.new_codes), (50_000, 50_000));
    let (second, same) = timed(list(1)).await;
    assert_eq!((second.changed, second.unchanged), (0, 50_000));
    let (third, changed) = timed(list(2)).await;
    assert_eq!((third.changed, third.changed_codes), (50_000, 0));
    let what = "50,000 products";
    println!(
        "{:?}: {what} made in {made:?}, unchanged {same:?}, changed {changed:?}",
        shop.kind
    );
}

#[tokio::test]
async fn a_list_is_shown_as_a_person_reads_it() {
    let shop = Shop::new(Kind::Sqlite).await;
    shop.write("products.csv", FIRST);
    let says = |args: &[&str]| {
        let output = shop.run(&[&["products"], args].concat());
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let plan = says(&["import", "products.csv", "--dry-run"]);
    assert!(plan.contains("hs_code 69120021"), "{plan}");
    let made = says(&["import", "products.csv"]);
    assert_eq!(
        made,
        "2 products new, 0 changed, 0 unchanged; 2 codes new, 0 changed.\n"
    );
    shop.write("kits.csv", "kit,component,qty\nPLATE,MUG,2\n");
    let kits = says(&["kits", "kits.csv"]);
    assert_eq!(
        kits,
        "PLATE: 2 x MUG\n1 kits new, 0 changed, 0 unchanged.\n"
    );
    let shown = says(&["show", "MUG"]);
    for part in ["100 x 80 x 90 mm", "15901234123454", "is part of"] {
        assert!(shown.contains(part), "{shown}");
    }
    let listed = says(&["list", "--limit", "1"]);
    assert!(listed.contains("1 of 2 products"), "{listed}");
    assert!(listed.contains("--after MUG"), "{listed}");
}
