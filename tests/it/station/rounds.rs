//! Rounds: what is right counts, what is wrong is refused loudly.

use fantoccini::key::Key;

use super::browser::Driver;
use super::floor::{CAMERA, Floor, MUG, MUG_CASE, TEA, VASE};
use super::{at_the_queue, picked, round, signed_in};

pub async fn what_is_wrong_is_refused_loudly(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    floor.order("1001", &[("MUG", 7), ("TEA", 1)]);
    let browser = signed_in(driver, &floor.home(), &ann).await;
    round(&browser, "1001").await;

    browser.scan(VASE).await;
    browser.shouts("wrong", "Glass vase").await;
    browser.picture("pick-wrong").await;
    // Nothing counts until it was read.
    browser.scan(MUG).await;
    browser.says("1 scan since then did not count").await;
    browser.acknowledge().await;
    browser.taken(0).await;

    browser.scan("96385074").await;
    browser.shouts("unknown", "No product has this code").await;
    browser.picture("pick-unknown").await;
    browser.press(Key::Enter).await;
    browser
        .until("document.querySelector('dialog.cover[open]') === null")
        .await;

    browser.scan(MUG_CASE).await;
    browser.taken(6).await;
    browser.scan(MUG_CASE).await;
    browser.shouts("many", "holds 6").await;
    browser.picture("pick-too-many").await;
    browser.acknowledge().await;
    // The scanner's own prefix, and a printed element string.
    browser.scan(&format!("]E0{MUG}")).await;
    browser.taken(7).await;
    browser.scan(MUG).await;
    browser.shouts("many", "Put this one back").await;
    browser.acknowledge().await;

    browser.scan(&format!("(01)0{TEA}(10)T9(17)271231")).await;
    browser.shouts("wrong", "lot T9").await;
    browser.acknowledge().await;
    browser.scan(&format!("010{TEA}10T1|17271231")).await;
    browser.taken(8).await;
    browser.scan("OPSDOUNDO").await;
    browser.taken(7).await;
    browser.scan("OPSDODONE").await;
    browser.shouts("wrong", "1 line left").await;
    browser.acknowledge().await;

    for hostile in [
        "^XA^FDhello^XZ",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
    ] {
        browser.scan(hostile).await;
        browser.shouts("unknown", "No product has this code").await;
        browser.acknowledge().await;
    }
    let long = "9".repeat(10_000);
    browser.eval(&format!(
        "(() => {{ for (const key of '{long}') document.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true }})); return true }})()"
    )).await;
    browser.shouts("unknown", "longer than any code").await;
    browser.acknowledge().await;
    browser.taken(7).await;
    browser.waiting(0).await;
    assert_eq!(browser.eval("document.scripts.length").await, 2);
    browser.close().await;
    floor.shop.must_be_sound();
}

pub async fn three_orders_in_one_round(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    for (number, lines) in [
        ("1001", [("MUG", 1)].as_slice()),
        ("1002", &[("MUG", 2)]),
        ("1003", &[("MUG", 1), ("CAM", 1)]),
    ] {
        floor.order(number, lines);
    }
    let browser = signed_in(driver, &floor.home(), &ann).await;
    at_the_queue(&browser).await;
    // The tote with the highest number says how many are carried.
    browser.scan("OPSTOTE3").await;
    browser
        .until("document.querySelector('#totes').value === '3'")
        .await;
    browser.scan("OPSDONEXT").await;
    browser.at("/station/pick/").await;
    browser.listens().await;
    browser.taken(0).await;
    let put =
        |tote: i64| format!("document.querySelector('.put .tote')?.textContent === 'Tote {tote}'");
    for (taken, tote) in [(1, 1), (2, 2), (3, 2), (4, 3)] {
        browser.scan(MUG).await;
        browser.taken(taken).await;
        browser.until(&put(tote)).await;
    }
    browser.picture("pick-wave").await;
    browser.scan("OPSTOTE2").await;
    browser.shouts("wrong", "tote 3, not 2").await;
    browser.acknowledge().await;
    browser.scan("OPSTOTE3").await;
    browser.scan(CAMERA).await;
    browser.taken(5).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    picked(&browser).await;
    browser.picture("pick-wave-done").await;
    assert_eq!(floor.lies_at("MUG", "packing"), 4);
    at_the_queue(&browser).await;
    browser
        .until("document.querySelectorAll('#packing button').length === 3")
        .await;
    browser.picture("station-packing").await;
    browser.close().await;
    floor.shop.must_be_sound();
}

pub async fn two_packers_never_hold_one_order(driver: &Driver) {
    let floor = Floor::new().await;
    let (ann, ben) = (floor.person("ann", "packer"), floor.person("ben", "packer"));
    floor.order("1001", &[("MUG", 1)]);
    let first = signed_in(driver, &floor.home(), &ann).await;
    let second = signed_in(driver, &floor.home(), &ben).await;
    at_the_queue(&second).await;
    second.says("1 unit").await;
    round(&first, "1001").await;
    second.click("#queue button").await;
    second.shouts("wrong", "is being picked by").await;
    second.picture("station-held").await;
    second.acknowledge().await;
    let sheet = first.path().await;
    second.open(&sheet).await;
    second.listens().await;
    second.says("Somebody else walks this round").await;
    second.scan(MUG).await;
    second.shouts("wrong", "Somebody else").await;
    second.acknowledge().await;
    first.scan(MUG).await;
    first.taken(1).await;
    first.waiting(0).await;
    first.close().await;
    second.close().await;
    floor.shop.must_be_sound();
}

pub async fn a_short_pick_is_told(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    floor.order("1001", &[("TEA", 4)]);
    let browser = signed_in(driver, &floor.home(), &ann).await;
    round(&browser, "1001").await;
    for taken in 1..=3 {
        browser.scan(&format!("(01)0{TEA}(10)T1")).await;
        browser.taken(taken).await;
    }
    browser.scan("OPSDOSHORT").await;
    browser.says("How many are there in all").await;
    browser.picture("pick-short").await;
    browser.scan("OPSDONEXT").await;
    browser.scan("OPSDOOK").await;
    browser.says("1 short").await;
    browser.waiting(0).await;
    browser
        .until("document.querySelector('#told').textContent.length > 10")
        .await;
    browser.picture("pick-short-told").await;
    browser.scan("OPSDODONE").await;
    picked(&browser).await;
    assert_eq!(floor.lies_at("TEA", "packing"), 3);
    browser.close().await;
    floor.shop.must_be_sound();
}
