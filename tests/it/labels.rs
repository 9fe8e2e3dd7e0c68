//! The house's own labels: made, kept, read back by a scanner that is none of ours, looked at
//! in a browser.

use opsctl::domain::people::Role;
#[cfg(feature = "preview")]
use opsctl::domain::station_code::StationCode;
use reqwest::StatusCode;

#[cfg(feature = "preview")]
use crate::codes::scanned;
use crate::harness::{Kind, Shop, on_all_stores};
use crate::print_room::{Printer, queue, sending, shared, stations, with_printer};
use crate::served::Served;

on_all_stores!(
    a_label_is_kept_as_issued_and_printed,
    a_template_that_changed_under_its_version_is_refused,
);

const PEN: &str = "04006381333931";

/// Goods with a number, without, in lots, with serials; a place.
async fn stocked(shop: &Shop) {
    shop.sql(&format!(
        "INSERT INTO products (id, sku, title, tracking, stocked, created_at, updated_at) VALUES \
           (901, 'PEN', 'Fountain pen, fine', 'lot', 1, 0, 0), \
           (902, 'INK_1>2', '^XZ~JR^FDx 箱😀 {}', 'none', 1, 0, 0), \
           (903, 'A_VERY_LONG_SKU_OF_A_SUPPLIER', 'Case', 'none', 1, 0, 0), \
           (904, 'CASE', 'Twelve pens', 'none', 1, 0, 0), \
           (905, 'TINY', 'Clip', 'none', 1, 0, 0), \
           (906, 'US', 'Marker', 'none', 1, 0, 0), \
           (907, 'Tüte', 'Bag', 'none', 1, 0, 0); \
         INSERT INTO gtins (gtin14, product_id, units_per_scan, source) VALUES \
           ('{PEN}', 901, 1, 'manual'), ('10614141000415', 904, 1, 'manual'), \
           ('00000096385074', 905, 1, 'manual'), ('00036000291452', 906, 1, 'manual'); \
         INSERT INTO lots (id, product_id, code, received_on, quantity, created_at, run) VALUES \
           (901, 901, 'A_7/b', '2026-01-01', 5, 0, 'r'), \
           (902, 902, 'L 1', '2026-01-01', 5, 0, 'r'); \
         INSERT INTO serials (id, product_id, serial, lot_id, in_house) VALUES \
           (901, 901, 'S-0001', 901, 1)",
        "word ".repeat(30),
    ))
    .await;
    shop.json(&["location", "add", "A-01-2", "B-1"]);
}

fn refused(shop: &Shop, code: i32, args: &[&str]) -> String {
    let output = shop.run(args);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    text
}

async fn a_label_is_kept_as_issued_and_printed(shop: Shop) {
    stocked(&shop).await;
    let printer = Printer::start();
    let queue = queue(&shared(), printer.address);
    with_printer(&shop, &shared(), &queue).await;
    let plan = shop.json(&["label", "product", "PEN", "--copies", "3", "--dry-run"]);
    assert_eq!(plan["printer"], queue);
    assert_eq!(plan["document"], serde_json::Value::Null);

    let file = shop.path("pen.zpl");
    let out = file.to_str().unwrap();
    let made = shop.json(&["label", "product", "PEN", "--copies", "3", "--out", out]);
    assert_eq!(made["reads"], "4006381333931");
    let zpl = std::fs::read(&file).unwrap();
    assert!(
        shop.json(&["label", "list"])["rows"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    let made = shop.json(&["label", "product", "PEN", "--copies", "3"]);
    assert_eq!(made["job"]["state"], "printed", "{made}");
    assert_eq!(printer.must_get(1)[0], zpl);
    let document = made["document"].to_string();
    let copy = shop.path("copy.zpl");
    shop.json(&[
        "label",
        "preview",
        &document,
        "--out",
        copy.to_str().unwrap(),
    ]);
    assert_eq!(std::fs::read(copy).unwrap(), zpl);

    shop.json(&["label", "bin", "B-1"]);
    shop.json(&["label", "lot", "PEN", "A_7/b"]);
    shop.json(&["label", "serial", "PEN", "S-0001"]);
    shop.json(&["label", "tote", "12"]);
    printer.must_get(5);
    for (args, words) in [
        (
            &["label", "product", "NONE"][..],
            "there is no product NONE",
        ),
        (&["label", "product", "Tüte"], "no code can be made"),
        (&["label", "lot", "PEN", "B"], "there is no lot B of PEN"),
        (
            &["label", "serial", "PEN", "X"],
            "there is no serial X of PEN",
        ),
        (&["label", "bin", "NONE"], "there is no location \"NONE\""),
        (&["label", "print", "S-9"], "there is no consignment S-9"),
        (
            &["label", "reprint", "document:99"],
            "there is no document 99",
        ),
        (&["label", "reprint", "job:99"], "there is no print job 99"),
        (&["label", "preview", "99"], "there is no document 99"),
    ] {
        let told = refused(&shop, 1, args);
        assert!(told.contains(words), "{args:?}: {told}");
    }
    refused(&shop, 2, &["label", "tote", "10000"]);
    refused(&shop, 2, &["label", "tote", "1", "--copies", "501"]);
    printer.must_get(5);
}

async fn a_template_that_changed_under_its_version_is_refused(shop: Shop) {
    stocked(&shop).await;
    let printer = Printer::start();
    let queue = queue(&shared(), printer.address);
    with_printer(&shop, &shared(), &queue).await;
    shop.json(&["label", "tote", "1"]);
    shop.json(&["label", "tote", "2"]);
    shop.sql("UPDATE template_bundles SET bundle = 'another' WHERE template = 'label/tote-1'")
        .await;
    let told = refused(&shop, 1, &["label", "tote", "3"]);
    assert!(
        told.contains("label/tote-1 has changed since it was used"),
        "{told}"
    );
    printer.must_get(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_station_is_the_one_named_or_the_only_one() {
    let shop = Shop::new(Kind::Sqlite).await;
    stocked(&shop).await;
    let tote = ["label", "tote", "1", "--dry-run"];
    let told = refused(&shop, 2, &tote);
    assert!(told.contains("[printing.stations.bench]"), "{told}");
    let more = stations(
        "http://127.0.0.1:1",
        &[("bench", "zebra"), ("door", "other")],
    );
    shop.write("tenants/shop.toml", &shop.tenant_file(&more));
    let told = refused(&shop, 2, &tote);
    assert!(told.contains("there is: bench, door"), "{told}");
    let told = refused(&shop, 2, &[&tote[..], &["--station", "roof"]].concat());
    assert!(told.contains("there is no station \"roof\""), "{told}");
    let plan = shop.json(&[&tote[..], &["--station", "door"]].concat());
    assert_eq!(plan["printer"], "other");
    let output = shop
        .command(&[&["--json"], &tote[..]].concat())
        .env("OPSCTL_STATION", "bench")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("\"printer\": \"zebra\""), "{text}");
}

#[cfg(feature = "preview")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanner_reads_what_the_labels_say() {
    let shop = Shop::new(Kind::Sqlite).await;
    stocked(&shop).await;
    let bin = StationCode::bin_label("A-01-2");
    let cases: [(&[&str], String); 11] = [
        (&["product", "PEN"], "]E04006381333931".to_owned()),
        (&["product", "US"], "]E0036000291452".to_owned()),
        (&["product", "TINY"], "]E496385074".to_owned()),
        (&["product", "CASE"], "]d20110614141000415".to_owned()),
        (&["product", "INK_1>2"], "]d1INK_1>2".to_owned()),
        (
            &["product", "A_VERY_LONG_SKU_OF_A_SUPPLIER"],
            "]d1A_VERY_LONG_SKU_OF_A_SUPPLIER".to_owned(),
        ),
        (&["lot", "PEN", "A_7/b"], format!("]d201{PEN}10A_7/b")),
        (&["lot", "INK_1>2", "L 1"], "]C0L 1".to_owned()),
        (&["serial", "PEN", "S-0001"], format!("]d201{PEN}21S-0001")),
        (&["bin", "A-01-2"], format!("]C0{bin}")),
        (&["tote", "12"], "]C0OPSTOTE12".to_owned()),
    ];
    let mut pictures = Vec::new();
    for (at, (args, _)) in cases.iter().enumerate() {
        let zpl = shop.path(&format!("{at}.zpl"));
        let out = ["--out", zpl.to_str().unwrap()];
        shop.json(&[&["label"], *args, &out].concat());
        let png = opsctl::documents::zpl::preview::png(&std::fs::read(zpl).unwrap());
        let path = shop.path(&format!("{at}.png"));
        std::fs::write(&path, png.unwrap()).unwrap();
        pictures.push(path);
    }
    for ((args, expected), found) in cases.iter().zip(scanned(&pictures)) {
        assert_eq!(found, std::slice::from_ref(expected), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_looks_at_labels_and_prints_them_again_once() {
    let shop = Shop::new(Kind::Sqlite).await;
    let printer = Printer::start();
    let queue = queue(&shared(), printer.address);
    let more = format!(
        "{}\n[web]\nhttps = false\n",
        stations(&shared(), &[("bench", &queue)])
    );
    let ctx = with_printer(&shop, &shared(), &queue).await;
    let label = b"^XA^FO20,20^A0N,30,30^FDlabel^FS^XZ";
    let made: [(&str, &str, &[u8]); 2] = [
        ("label", "application/zpl", label),
        ("packing_slip", "application/pdf", b"%PDF-1.4"),
    ];
    let ids = sending(&shop, &ctx, "S-1", &made).await;
    assert!(shop.run(&["label", "print", "S-1"]).status.success());
    let served = Served::with(&shop, &more).await;
    let kim = served.signed_in("kim", Role::Manager).await;
    let page = kim.get("/labels").await.text().await.unwrap();
    assert_eq!(page.matches("chip good\">printed").count(), 2, "{page}");

    let zpl = kim.get(&format!("/labels/{}.zpl", ids[0])).await;
    let disposition = zpl.headers().get("content-disposition").unwrap();
    assert!(disposition.to_str().unwrap().starts_with("attachment"));
    assert_eq!(zpl.bytes().await.unwrap(), &label[..]);
    let pdf = kim.get(&format!("/labels/{}.pdf", ids[1])).await;
    assert_eq!(pdf.bytes().await.unwrap(), &b"%PDF-1.4"[..]);
    let wrong = kim.get(&format!("/labels/{}.pdf", ids[0])).await;
    assert_eq!(wrong.status(), StatusCode::NOT_FOUND);
    if cfg!(feature = "preview") {
        let png = kim.get(&format!("/labels/{}.png", ids[0])).await;
        assert_eq!(png.headers().get("content-type").unwrap(), "image/png");
        assert!(png.bytes().await.unwrap().starts_with(b"\x89PNG"));
    }
    let once = uuid::Uuid::new_v4().to_string();
    let path = format!("/labels/{}/reprint", ids[0]);
    for _ in 0..2 {
        let answer = kim.post(&path, &[("once", &once)]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    }
    printer.must_get(3);
    let missing = kim.post("/labels/99/reprint", &[("once", &once)]).await;
    assert_eq!(missing.status(), StatusCode::CONFLICT);
}
