//! The station as it is worked: Chromium, a scanner that types, and the real server.
//!
//! One chromedriver for all stories, which run one after another: a browser takes most of a
//! processor. `OPSCTL_SCREENSHOTS` names a folder for pictures of every page.

mod browser;
mod floor;

use fantoccini::key::Key;

use browser::{Browser, Driver};
use floor::{CAMERA, Floor, MUG, MUG_CASE, Person, TEA, VASE};

/// Runs these stories with one chromedriver; only those that `OPSCTL_STORY` names, where
/// it is set.
macro_rules! stories {
    ($($story:ident),* $(,)?) => {
        let driver = Driver::start();
        let wanted = std::env::var("OPSCTL_STORY").unwrap_or_default();
        let mut told = 0;
        $(
            if stringify!($story).contains(&wanted) {
                println!("{}", stringify!($story));
                $story(&driver).await;
                told += 1;
            }
        )*
        assert!(told > 0, "no story is called {wanted}");
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_station_is_worked_by_scanner_and_keyboard() {
    stories!(
        by_keyboard_alone,
        what_is_wrong_is_refused_loudly,
        three_orders_in_one_round,
        serials_are_bound_and_a_manager_swaps_one,
        two_packers_never_hold_one_order,
        a_badge_or_a_pin_changes_who_is_there,
        every_button_does_it_once,
        a_short_pick_is_told,
        the_scanner_can_be_tried_and_its_cards_printed,
        scans_wait_while_the_line_is_cut,
        scans_wait_while_the_server_is_down,
    );
}

async fn signed_in(driver: &Driver, home: &str, who: &Person) -> Browser {
    let browser = driver.browser(home).await;
    browser.sign_in(&who.name, &who.password).await;
    browser
}

/// A round with these orders, with its page open.
async fn round(browser: &Browser, order: &str) {
    browser.open("/station").await;
    browser.listens().await;
    browser
        .until("document.querySelector('#queue').dataset.loaded === 'yes'")
        .await;
    browser.scan(order).await;
    browser.at("/station/pick/").await;
    browser.listens().await;
    browser.taken(0).await;
}

async fn at_the_queue(browser: &Browser) {
    browser.open("/station").await;
    browser.listens().await;
    browser
        .until("document.querySelector('#queue').dataset.loaded === 'yes'")
        .await;
}

async fn by_keyboard_alone(driver: &Driver) {
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
    for (code, left) in [(MUG, 2), (MUG, 1)] {
        browser.types(code).await;
        browser.press(Key::Enter).await;
        browser
            .until(&format!(
                "document.querySelector('#bench').dataset.left === '{left}'"
            ))
            .await;
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
    browser
        .until("document.querySelector('#bench').dataset.left === '0'")
        .await;
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

async fn what_is_wrong_is_refused_loudly(driver: &Driver) {
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

async fn three_orders_in_one_round(driver: &Driver) {
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
    browser
        .until("document.querySelector('#round').dataset.state === 'picked'")
        .await;
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

async fn serials_are_bound_and_a_manager_swaps_one(driver: &Driver) {
    let floor = Floor::new().await;
    let (ann, max) = (
        floor.person("ann", "packer"),
        floor.person("max", "manager"),
    );
    floor.order("1001", &[("CAM", 2)]);
    let browser = signed_in(driver, &floor.home(), &ann).await;
    round(&browser, "1001").await;
    browser.scan(CAMERA).await;
    browser.scan(CAMERA).await;
    browser.taken(2).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    browser
        .until("document.querySelector('#round').dataset.state === 'picked'")
        .await;
    browser.scan("OPSDONEXT").await;
    browser.at("/station/pack/").await;
    browser.listens().await;
    let left = |units: i64| format!("document.querySelector('#bench').dataset.left === '{units}'");
    browser.until(&left(2)).await;
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
    browser.until(&left(1)).await;
    browser.scan("SN100").await;
    browser
        .until("document.querySelector('dialog.cover[open]') !== null")
        .await;
    browser.acknowledge().await;
    browser.until(&left(1)).await;
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
    browser.until(&left(0)).await;
    browser.says("SN200").await;
    browser.close().await;
    floor.shop.must_be_sound();
}

async fn two_packers_never_hold_one_order(driver: &Driver) {
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

async fn a_badge_or_a_pin_changes_who_is_there(driver: &Driver) {
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

async fn every_button_does_it_once(driver: &Driver) {
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
    browser
        .until("document.querySelector('#round').dataset.state === 'picked'")
        .await;
    browser.double_click("#round .primary").await;
    browser.at("/station/pack/").await;
    browser.listens().await;
    browser
        .until("document.querySelector('#bench').dataset.left === '3'")
        .await;
    browser.double_click("#box").await;
    browser.says("Which box?").await;
    browser.double_click("dialog.prompt .primary").await;
    browser
        .until("document.querySelectorAll('[data-box]').length === 1")
        .await;
    for left in (0..3).rev() {
        browser.scan(MUG).await;
        browser
            .until(&format!(
                "document.querySelector('#bench').dataset.left === '{left}'"
            ))
            .await;
    }
    browser.double_click("#undo").await;
    browser
        .until("document.querySelector('#bench').dataset.left === '1'")
        .await;
    browser.scan(MUG).await;
    browser
        .until("document.querySelector('#bench').dataset.left === '0'")
        .await;
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

async fn a_short_pick_is_told(driver: &Driver) {
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
    browser
        .until("document.querySelector('#round').dataset.state === 'picked'")
        .await;
    assert_eq!(floor.lies_at("TEA", "packing"), 3);
    browser.close().await;
    floor.shop.must_be_sound();
}

async fn the_scanner_can_be_tried_and_its_cards_printed(driver: &Driver) {
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

async fn scans_wait_while_the_line_is_cut(driver: &Driver) {
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
    browser.scan(MUG).await;
    browser.taken(8).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    browser
        .until("document.querySelector('#round').dataset.state === 'picked'")
        .await;
    assert_eq!(floor.lies_at("MUG", "packing"), 6);
    assert_eq!(floor.lies_at("TEA", "packing"), 2);
    browser.close().await;
    floor.shop.must_be_sound();
}

async fn scans_wait_while_the_server_is_down(driver: &Driver) {
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
    browser.scan(MUG).await;
    browser.taken(3).await;
    browser.waiting(2).await;
    floor.serve();
    browser.waiting(0).await;
    browser.scan(MUG).await;
    browser.taken(4).await;
    browser.waiting(0).await;
    browser.scan("OPSDODONE").await;
    browser
        .until("document.querySelector('#round').dataset.state === 'picked'")
        .await;
    assert_eq!(floor.lies_at("MUG", "packing"), 4);
    browser.close().await;
    floor.shop.must_be_sound();
}
