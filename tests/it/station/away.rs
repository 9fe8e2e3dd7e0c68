//! What is scanned while the line is cut, the server down, the store away, or nobody signed
//! in: it waits in the browser, and counts once; or comes back with the reason.

use super::browser::Driver;
use super::floor::{Floor, MUG, Person, TEA, VASE};
use super::{picked, round, signed_in};

pub async fn scans_wait_while_the_line_is_cut(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    floor.order("1001", &[("MUG", 6), ("TEA", 2)]);
    let line = floor.line().await;
    let browser = signed_in(driver, &line.home(), &ann).await;
    round(&browser, "1001").await;
    browser.scan(MUG).await;
    browser.taken(1).await;
    browser.waiting(0).await;
    line.cut();
    for taken in 2..=4 {
        browser.scan(MUG).await;
        browser.taken(taken).await;
    }
    browser.waiting(3).await;
    browser.says("3 scans wait for the server").await;
    // The sheet still tells right from wrong, with nobody to ask.
    browser.scan(VASE).await;
    browser.shouts("unknown", "cannot be asked").await;
    browser.acknowledge().await;
    browser.scan(&format!("(01)0{TEA}(10)T1")).await;
    browser.taken(5).await;
    browser.picture("pick-offline").await;
    browser.scan("OPSDODONE").await;
    browser.shouts("wrong", "left").await;
    browser.acknowledge().await;
    assert_eq!(floor.lies_at("MUG", "A-01"), 60);
    line.mend();
    browser.waiting(0).await;
    browser.scan(&format!("(01)0{TEA}(10)T1")).await;
    browser.scan(MUG).await;
    browser.taken(7).await;
    browser.scan(MUG).await;
    browser.taken(8).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    picked(&browser).await;
    assert_eq!(floor.lies_at("MUG", "packing"), 6);
    assert_eq!(floor.lies_at("TEA", "packing"), 2);
    browser.close().await;
    floor.shop.must_be_sound();
}

pub async fn scans_wait_while_the_server_is_down(driver: &Driver) {
    let mut floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    floor.order("1001", &[("MUG", 4)]);
    let browser = signed_in(driver, &floor.home(), &ann).await;
    round(&browser, "1001").await;
    browser.scan(MUG).await;
    browser.taken(1).await;
    browser.waiting(0).await;
    floor.kill();
    browser.scan(MUG).await;
    browser.taken(2).await;
    browser.scan(MUG).await;
    browser.taken(3).await;
    browser.waiting(2).await;
    floor.serve();
    browser.waiting(0).await;
    browser.scan(MUG).await;
    browser.taken(4).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    picked(&browser).await;
    assert_eq!(floor.lies_at("MUG", "packing"), 4);
    browser.close().await;
    floor.shop.must_be_sound();
}

pub async fn scans_wait_while_nobody_is_signed_in(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    floor.order("1001", &[("MUG", 6)]);
    let line = floor.line().await;
    let browser = signed_in(driver, &line.home(), &ann).await;
    round(&browser, "1001").await;
    browser.scan(MUG).await;
    browser.taken(1).await;
    browser.waiting(0).await;
    line.cut();
    browser.scan(MUG).await;
    browser.taken(2).await;
    browser.scan(MUG).await;
    browser.taken(3).await;
    signs_out(&floor, &ann);
    line.mend();
    browser.says("2 scans wait: sign in again").await;
    browser.scan(MUG).await;
    browser.taken(4).await;
    browser.says("3 scans wait: sign in again").await;
    browser.picture("pick-signed-out").await;
    assert_eq!(floor.lies_at("MUG", "packing"), 0);
    browser.click("#waiting a").await;
    browser.at("/login").await;
    browser.fill_in(&ann.name, &ann.password).await;
    browser.at("/station/pick/").await;
    browser.listens().await;
    browser.waiting(0).await;
    browser.taken(4).await;

    // A badge does the same, on the page itself.
    signs_out(&floor, &ann);
    browser.scan(MUG).await;
    browser.taken(5).await;
    browser.says("1 scan waits: sign in again").await;
    browser.scan(&ann.badge).await;
    browser.waiting(0).await;
    browser.listens().await;
    browser.taken(5).await;
    browser.scan(MUG).await;
    browser.taken(6).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    picked(&browser).await;
    assert_eq!(floor.lies_at("MUG", "packing"), 6);
    browser.close().await;
    floor.shop.must_be_sound();
}

/// Ends all sessions of somebody who may come in again.
fn signs_out(floor: &Floor, who: &Person) {
    let out = floor.shop.json(&["user", "disable", &who.name]);
    assert_eq!(out["signed_out"], 1);
    floor.shop.json(&["user", "enable", &who.name]);
}

pub async fn scans_of_a_round_that_was_taken_over_come_back(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    let ben = floor.person_called("ben", "Ben Baker", "packer");
    floor.order("1001", &[("MUG", 3)]);
    let line = floor.line().await;
    let first = signed_in(driver, &line.home(), &ann).await;
    let second = signed_in(driver, &floor.home(), &ben).await;
    round(&first, "1001").await;
    line.cut();
    for taken in 1..=2 {
        first.scan(MUG).await;
        first.taken(taken).await;
    }
    floor.shop.sql("UPDATE pick_waves SET expires_at = 1").await;
    round(&second, "1001").await;
    second.scan(MUG).await;
    second.taken(1).await;

    line.mend();
    first.waiting(0).await;
    first
        .shouts("wrong", "manual:1001 is with Ben Baker now")
        .await;
    first.says("2 scans did not count").await;
    first.picture("pick-taken-over").await;
    first.scan(MUG).await;
    first.says("1 scan since then did not count").await;
    first.acknowledge().await;
    first
        .until("document.querySelector('#round').dataset.state === 'expired'")
        .await;
    // They stay on the page until each was seen.
    first
        .until("document.querySelectorAll('#refused li').length === 2")
        .await;
    first.picture("pick-taken-over-seen").await;
    first.click("#refused button").await;
    first.says("1 scan did not count").await;
    first.click("#refused button").await;
    first
        .until("document.querySelector('#refused').hidden")
        .await;
    first.scan(MUG).await;
    first.shouts("wrong", "takes no scans").await;
    first.acknowledge().await;

    second.scan(MUG).await;
    second.scan(MUG).await;
    second.taken(3).await;
    second.waiting(0).await;
    second.scan("OPSDODONE").await;
    picked(&second).await;
    assert_eq!(floor.lies_at("MUG", "packing"), 3);
    first.close().await;
    second.close().await;
    floor.shop.must_be_sound();
}

pub async fn scans_wait_while_the_store_is_away(driver: &Driver) {
    let (floor, store) = Floor::with_its_store_at_a_distance().await;
    let ann = floor.person("ann", "packer");
    floor.order("1001", &[("MUG", 4)]);
    let browser = signed_in(driver, &floor.home(), &ann).await;
    round(&browser, "1001").await;
    browser.scan(MUG).await;
    browser.taken(1).await;
    browser.waiting(0).await;
    store.cut();
    browser.scan(MUG).await;
    browser.taken(2).await;
    browser.scan(MUG).await;
    browser.taken(3).await;
    browser.says("2 scans wait for the server").await;
    // The server is there, and knows by itself what other goods are.
    browser.scan(VASE).await;
    browser.shouts("wrong", "Glass vase").await;
    browser.acknowledge().await;
    browser.picture("pick-store-away").await;
    browser.scan(MUG).await;
    browser.taken(4).await;
    browser.waiting(3).await;
    browser.scan("OPSDODONE").await;
    browser
        .shouts("wrong", "3 scans still wait for the server")
        .await;
    browser.acknowledge().await;
    store.mend();
    browser.waiting(0).await;
    // The card within a second would be a double read.
    browser.click("#finish").await;
    picked(&browser).await;
    assert_eq!(floor.lies_at("MUG", "packing"), 4);
    browser.close().await;
    floor.shop.must_be_sound();
}
