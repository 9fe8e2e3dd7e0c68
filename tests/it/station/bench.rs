//! The bench: boxes, serials, weights and sizes, and the way out.

use fantoccini::key::Key;

use super::browser::Driver;
use super::floor::{CAMERA, Floor, MUG, TEA};
use super::{at_the_queue, left, picked, round, signed_in};
use crate::carriage::dock::{Dock, IN_UTRECHT};
use crate::harness::{Kind, Shop};
use crate::print_room::{Printer, queue, shared, stations};

pub async fn by_keyboard_alone(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    floor.order("1042", &[("MUG", 2), ("TEA", 1)]);
    let browser = driver.browser(&floor.home()).await;
    browser.open("/login").await;
    browser.picture("login").await;
    browser.sign_in(&ann.name, &ann.password).await;
    browser.picture("home-packer").await;

    at_the_queue(&browser).await;
    browser.says("1042").await;
    browser.picture("station").await;
    browser.tab_to("#queue button").await;
    browser.at("/station/pick/").await;
    browser.listens().await;
    browser.taken(0).await;
    browser.picture("pick").await;
    // Typed at a person's pace, wherever the focus is, and taken by Enter.
    browser.types(MUG).await;
    browser.press(Key::Enter).await;
    browser.taken(1).await;
    browser.types("mug").await;
    browser.press(Key::Enter).await;
    browser.taken(2).await;
    browser.types(TEA).await;
    browser.press(Key::Enter).await;
    browser.says("Which lot of TEA?").await;
    browser.picture("pick-lot").await;
    browser.types("T1").await;
    browser.press(Key::Enter).await;
    browser.taken(3).await;
    browser.waiting(0).await;
    browser.tab_to("#finish").await;
    browser.says("Carry it to the packing bench").await;
    browser.picture("pick-done").await;
    assert_eq!(floor.lies_at("MUG", "packing"), 2);
    browser.tab_to("#round .primary").await;

    browser.at("/station/pack/").await;
    browser.listens().await;
    browser.says("Pack manual:1042").await;
    browser.tab_to("#box").await;
    browser.says("Which box?").await;
    browser.picture("pack-box").await;
    browser.press(Key::Enter).await;
    browser
        .until("document.querySelectorAll('[data-box]').length === 1")
        .await;
    for (code, units) in [(MUG, 2), (MUG, 1)] {
        browser.types(code).await;
        browser.press(Key::Enter).await;
        left(&browser, units).await;
    }
    browser.picture("pack").await;
    browser.types("TEA").await;
    browser.press(Key::Enter).await;
    browser.until("document.querySelector('#bench').dataset.left === '0' || document.querySelector('dialog.prompt') !== null").await;
    if browser
        .eval("document.querySelector('dialog.prompt') !== null")
        .await
        == true
    {
        browser.types("T1").await;
        browser.press(Key::Enter).await;
    }
    left(&browser, 0).await;
    browser.tab_to("#close").await;
    browser.says("Weigh box 1").await;
    browser.types("920").await;
    browser.press(Key::Enter).await;
    browser.says("closed").await;
    browser.tab_to("#finish").await;
    browser
        .until("document.querySelector('#bench').dataset.state === 'packed'")
        .await;
    browser.picture("pack-done").await;
    browser.tab_to("#finish").await;
    browser.says("Shipped by hand").await;
    browser.picture("pack-ship").await;
    browser
        .eval("document.querySelector('#prompt-carrier').focus()")
        .await;
    browser.types("DHL").await;
    browser.press(Key::Tab).await;
    browser.types("JD0146").await;
    browser.press(Key::Enter).await;
    browser
        .until("document.querySelector('#bench').dataset.state === 'shipped'")
        .await;
    browser.picture("pack-shipped").await;
    floor.shop.must_be_sound();
    browser.close().await;
}

pub async fn serials_are_bound_and_a_manager_swaps_one(driver: &Driver) {
    let floor = Floor::new().await;
    let (ann, max) = (
        floor.person("ann", "packer"),
        floor.person("max", "manager"),
    );
    floor.order("1001", &[("CAM", 2)]);
    let browser = signed_in(driver, &floor.home(), &ann).await;
    round(&browser, "1001").await;
    browser.scan(CAMERA).await;
    browser.taken(1).await;
    browser.scan(CAMERA).await;
    browser.taken(2).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    picked(&browser).await;
    browser.scan("OPSDONEXT").await;
    browser.at("/station/pack/").await;
    browser.listens().await;
    left(&browser, 2).await;
    browser.scan("OPSDOBOX").await;
    browser.says("Which box?").await;
    browser.scan("OPSDOOK").await;
    browser
        .until("document.querySelectorAll('[data-box]').length === 1")
        .await;

    browser.scan(CAMERA).await;
    browser.says("Scan its serial").await;
    browser.picture("pack-serial").await;
    browser.scan("SN100").await;
    left(&browser, 1).await;
    browser.scan("SN100").await;
    browser
        .until("document.querySelector('dialog.cover[open]') !== null")
        .await;
    browser.acknowledge().await;
    left(&browser, 1).await;
    // Of the second lot: named as such, and a manager may take it all the same.
    browser.scan("SN200").await;
    browser.shouts("wrong", "C2").await;
    browser.picture("pack-swap").await;
    browser
        .click("dialog.cover .buttons button:nth-child(2)")
        .await;
    browser.says("A manager scans their badge").await;
    browser.scan(&ann.badge).await;
    browser.shouts("wrong", "no manager").await;
    browser.acknowledge().await;
    browser.scan("SN200").await;
    browser.shouts("wrong", "C2").await;
    browser
        .click("dialog.cover .buttons button:nth-child(2)")
        .await;
    browser.says("A manager scans their badge").await;
    browser.scan(&max.badge).await;
    left(&browser, 0).await;
    browser.says("SN200").await;
    browser.close().await;
    floor.shop.must_be_sound();
}

pub async fn every_button_does_it_once(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    floor.order("1001", &[("MUG", 3)]);
    floor.order("1002", &[("MUG", 1)]);
    let browser = signed_in(driver, &floor.home(), &ann).await;
    at_the_queue(&browser).await;
    browser.says("3 units").await;
    browser.double_click("#start button").await;
    browser.at("/station/pick/").await;
    browser.listens().await;
    browser.taken(0).await;
    let rounds = floor.shop.json(&["pick", "list"]);
    assert_eq!(
        rounds.to_string().matches("\"expires_at\"").count(),
        1,
        "{rounds}"
    );
    for taken in 1..=3 {
        browser.scan(MUG).await;
        browser.taken(taken).await;
    }
    browser.double_click("#undo").await;
    browser.taken(2).await;
    browser.scan(MUG).await;
    browser.taken(3).await;
    browser.waiting(0).await;
    browser.double_click("#finish").await;
    picked(&browser).await;
    browser.double_click("#round .primary").await;
    browser.at("/station/pack/").await;
    browser.listens().await;
    left(&browser, 3).await;
    browser.double_click("#box").await;
    browser.says("Which box?").await;
    browser.double_click("dialog.prompt .primary").await;
    browser
        .until("document.querySelectorAll('[data-box]').length === 1")
        .await;
    for units in (0..3).rev() {
        browser.scan(MUG).await;
        left(&browser, units).await;
    }
    browser.double_click("#undo").await;
    left(&browser, 1).await;
    browser.scan(MUG).await;
    left(&browser, 0).await;
    browser.double_click("#close").await;
    browser.says("Weigh box 1").await;
    browser.double_click("dialog.prompt .primary").await;
    browser
        .until("document.querySelector('.package .chip.good') !== null")
        .await;
    browser.double_click("#finish").await;
    browser
        .until("document.querySelector('#bench').dataset.state === 'packed'")
        .await;
    let packages = browser
        .eval("document.querySelectorAll('[data-box]').length")
        .await;
    assert_eq!(packages, 1);
    browser
        .until("document.querySelector('dialog.prompt') === null")
        .await;
    browser.double_click("#finish").await;
    browser.says("Shipped by hand").await;
    browser
        .eval("document.querySelector('#prompt-carrier').value = 'DHL'")
        .await;
    browser.double_click("dialog.prompt .primary").await;
    browser
        .until("document.querySelector('#bench').dataset.state === 'shipped'")
        .await;
    assert_eq!(floor.lies_at("MUG", "A-01"), 57);
    assert_eq!(floor.lies_at("MUG", "packing"), 0);
    browser.close().await;
    floor.shop.must_be_sound();
}

pub async fn a_box_of_its_own_size_is_typed(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    floor.order("1001", &[("MUG", 1)]);
    let browser = signed_in(driver, &floor.home(), &ann).await;
    round(&browser, "1001").await;
    browser.scan(MUG).await;
    browser.taken(1).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    picked(&browser).await;
    browser.scan("OPSDONEXT").await;
    browser.at("/station/pack/").await;
    browser.listens().await;
    left(&browser, 1).await;

    browser.tab_to("#box").await;
    browser.says("Which box?").await;
    // One step back from the first is the last: another size.
    browser.press(Key::Up).await;
    browser.press(Key::Enter).await;
    browser.says("What size has the box?").await;
    browser.types("310").await;
    browser.press(Key::Enter).await;
    browser.shouts("wrong", "are 1 to 10000 mm each").await;
    browser.acknowledge().await;

    browser.tab_to("#box").await;
    browser.says("Which box?").await;
    browser.scan("OPSDONEXT").await;
    browser.scan("OPSDOBOX").await;
    browser.shouts("wrong", "Answer it").await;
    browser.acknowledge().await;
    browser.press(Key::Down).await;
    browser.press(Key::Enter).await;
    browser.says("What size has the box?").await;
    for (at, mm) in ["310", "220", "90"].into_iter().enumerate() {
        if at > 0 {
            browser.press(Key::Tab).await;
        }
        browser.types(mm).await;
    }
    browser.picture("pack-size").await;
    // A card is no digit: scanned into the field it leaves what was typed.
    browser.scan("OPSDOOK").await;
    browser.says("310 × 220 × 90 mm").await;

    browser
        .tab_to("[data-box] form button:nth-of-type(2)")
        .await;
    browser.says("What size has box 1?").await;
    browser.types("320").await;
    browser.press(Key::Enter).await;
    browser.says("320 × 220 × 90 mm").await;

    browser.scan(MUG).await;
    left(&browser, 0).await;
    browser.tab_to("#close").await;
    browser.says("Weigh box 1").await;
    browser.types("350").await;
    browser.press(Key::Enter).await;
    browser.says("Weighed 350 g").await;
    browser.says("closed").await;
    browser.tab_to("#finish").await;
    browser
        .until("document.querySelector('#bench').dataset.state === 'packed'")
        .await;
    let shown = "[...document.querySelectorAll('.foot button')].filter((b) => b.offsetHeight).map((b) => b.id).join()";
    assert_eq!(browser.eval(shown).await, "finish");
    browser.scan("OPSDOBOX").await;
    browser.shouts("wrong", "This order is packed").await;
    browser.acknowledge().await;
    browser.tab_to("#finish").await;
    browser.says("Shipped by hand").await;
    browser
        .eval("document.querySelector('#prompt-carrier').value = 'DHL'")
        .await;
    browser.scan("JD0146").await;
    browser
        .until("document.querySelector('#bench').dataset.state === 'shipped'")
        .await;
    assert_eq!(browser.eval(shown).await, "");
    browser.says("320 × 220 × 90 mm").await;
    browser.close().await;
    floor.shop.must_be_sound();
}

pub async fn it_is_priced_bought_and_printed_in_one_flow(driver: &Driver) {
    let (printer, cups) = (Printer::start(), shared());
    let queue = queue(&cups, printer.address);
    let own = format!(
        "[web]\nhttps = false\n{}",
        stations(&cups, &[("bench", &queue)])
    );
    let dock = Dock::open_with(Shop::new(Kind::Sqlite).await, "NL", &own).await;
    dock.packed("1", 2, IN_UTRECHT).await;
    let Dock { shop, sandbox, .. } = dock;
    let task = shop.json(&["pack", "list"])["orders"][0]["task"].clone();
    let floor = Floor::serving(shop);
    let ann = floor.person("ann", "packer");
    let browser = signed_in(driver, &floor.home(), &ann).await;
    browser.open(&format!("/station/pack/{task}")).await;
    browser.listens().await;
    browser.says("manual:1").await;
    browser.scan("OPSDODONE").await;
    browser.says("Ship with ups").await;
    browser.picture("pack-rates").await;
    browser.scan("OPSDONEXT").await;
    browser.scan("OPSDOOK").await;
    browser
        .until("document.querySelector('#bench').dataset.state === 'shipped'")
        .await;
    browser.says("2 labels of ups, printed").await;
    browser.picture("pack-sent").await;
    printer.must_get(3);
    assert_eq!(sandbox.ups().counts().bought, 2);
    floor.shop.must_be_sound();
    browser.close().await;
}
