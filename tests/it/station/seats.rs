//! Who is at the station, and what their scanner sends.

use super::browser::{Browser, Driver};
use super::floor::{Floor, MUG, Person};
use super::{at_the_queue, picked, round, signed_in};

pub async fn a_badge_or_a_pin_changes_who_is_there(driver: &Driver) {
    let floor = Floor::new().await;
    let (ann, ben) = (floor.person("ann", "packer"), floor.person("ben", "packer"));
    let browser = signed_in(driver, &floor.home(), &ann).await;
    at_the_queue(&browser).await;
    let called = |name: &str| {
        format!(
            "document.querySelector('.who .name')?.textContent.trim().toLowerCase() === '{name}'"
        )
    };
    browser.until(&called("ann")).await;
    browser.scan(&ben.badge).await;
    browser.until(&called("ben")).await;
    browser.listens().await;
    browser
        .scan(
            &ben.badge
                .replace(&ben.badge[13..], &"0".repeat(ben.badge.len() - 13)),
        )
        .await;
    browser.shouts("wrong", "badge").await;
    browser.acknowledge().await;
    browser.scan("OPSDOLOCK").await;
    browser.at("/station/switch").await;
    browser.picture("switch").await;
    browser.open("/station").await;
    browser.at("/station/switch").await;
    by_pin(&browser, &ann).await;
    browser.until(&called("ann")).await;
    browser.close().await;
}

/// Signs in at a locked station with a name and its PIN.
async fn by_pin(browser: &Browser, who: &Person) {
    let name = who.name.to_lowercase();
    browser
        .eval(&format!(
            "[...document.querySelectorAll('.people label')].find((b) => b.textContent.trim().toLowerCase() === '{name}').click() ?? true"
        ))
        .await;
    browser
        .until("document.querySelector('input[name=pin]') !== null")
        .await;
    let pin = browser
        .client
        .find(fantoccini::Locator::Css("input[name=pin]"))
        .await
        .unwrap();
    pin.send_keys(&format!("{}\u{e007}", who.pin))
        .await
        .unwrap();
}

pub async fn the_scanner_can_be_tried_and_its_cards_printed(driver: &Driver) {
    let floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    let browser = signed_in(driver, &floor.home(), &ann).await;
    browser.open("/station/calibrate").await;
    browser.listens().await;
    let known = browser
        .eval("document.querySelector('#known').dataset.code")
        .await;
    browser.scan(known.as_str().unwrap()).await;
    browser.says("set up right").await;
    browser.picture("calibrate").await;
    browser.scan(&known.as_str().unwrap().to_lowercase()).await;
    browser.says("Caps Lock").await;
    browser.open("/station/commands").await;
    browser
        .until("document.querySelectorAll('.cards svg').length === 28")
        .await;
    browser.picture("commands").await;
    browser.close().await;
}

pub async fn a_station_that_nobody_uses_locks_itself(driver: &Driver) {
    let mut floor = Floor::new().await;
    let ann = floor.person("ann", "packer");
    floor.order("1001", &[("MUG", 2)]);
    let browser = signed_in(driver, &floor.home(), &ann).await;
    // The queue asks what is new by itself, and that keeps nobody signed in.
    at_the_queue(&browser).await;
    nobody_was_here_for(&mut floor, 16).await;
    browser.at("/station/switch").await;
    by_pin(&browser, &ann).await;
    browser.at("/station").await;

    round(&browser, "1001").await;
    floor.kill();
    browser.scan(MUG).await;
    browser.taken(1).await;
    browser.scan(MUG).await;
    browser.taken(2).await;
    nobody_was_here_for(&mut floor, 16).await;
    browser.waiting(2).await;
    browser
        .eval(
            "(() => { const now = Date.now; Date.now = () => now() + 16 * 60_000; return true })()",
        )
        .await;
    browser.at("/station/switch").await;
    browser.picture("locked").await;
    by_pin(&browser, &ann).await;
    browser.at("/station/pick/").await;
    browser.listens().await;
    browser.taken(2).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    picked(&browser).await;
    assert_eq!(floor.lies_at("MUG", "packing"), 2);
    browser.close().await;
    floor.shop.must_be_sound();
}

/// Lets minutes pass in which no session was used.
async fn nobody_was_here_for(floor: &mut Floor, minutes: i64) {
    floor.kill();
    let aged = format!(
        "UPDATE sessions SET expires_at = expires_at - {}",
        minutes * 60_000
    );
    floor.shop.sql(&aged).await;
    floor.serve();
}
