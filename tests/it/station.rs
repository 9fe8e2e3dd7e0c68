//! The station as it is worked: Chromium, a scanner that types, and the real server.
//!
//! One chromedriver for all stories, which run one after another: a browser takes most of a
//! processor. `OPSCTL_SCREENSHOTS` names a folder for pictures of every page.

mod away;
mod bench;
mod browser;
mod floor;
mod rounds;
mod seats;

use browser::{Browser, Driver};
use floor::Person;

/// Runs these stories with one chromedriver; only those that `OPSCTL_STORY` names, where
/// it is set.
macro_rules! stories {
    ($($part:ident::$story:ident),* $(,)?) => {
        let driver = Driver::start();
        let wanted = std::env::var("OPSCTL_STORY").unwrap_or_default();
        let mut told = 0;
        $(
            if stringify!($story).contains(&wanted) {
                println!("{}", stringify!($story));
                $part::$story(&driver).await;
                told += 1;
            }
        )*
        assert!(told > 0, "no story is called {wanted}");
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_station_is_worked_by_scanner_and_keyboard() {
    stories!(
        bench::by_keyboard_alone,
        rounds::what_is_wrong_is_refused_loudly,
        rounds::three_orders_in_one_round,
        bench::serials_are_bound_and_a_manager_swaps_one,
        rounds::two_packers_never_hold_one_order,
        seats::a_badge_or_a_pin_changes_who_is_there,
        bench::every_button_does_it_once,
        bench::a_box_of_its_own_size_is_typed,
        bench::it_is_priced_bought_and_printed_in_one_flow,
        rounds::a_short_pick_is_told,
        seats::the_scanner_can_be_tried_and_its_cards_printed,
        seats::a_station_that_nobody_uses_locks_itself,
        away::scans_wait_while_the_line_is_cut,
        away::scans_wait_while_the_server_is_down,
        away::scans_wait_while_nobody_is_signed_in,
        away::scans_of_a_round_that_was_taken_over_come_back,
        away::scans_wait_while_the_store_is_away,
    );
}

async fn signed_in(driver: &Driver, home: &str, who: &Person) -> Browser {
    let browser = driver.browser(home).await;
    browser.sign_in(&who.name, &who.password).await;
    browser
}

/// A round with this order, with its page open.
async fn round(browser: &Browser, order: &str) {
    at_the_queue(browser).await;
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

/// Waits for the round to be finished, and its goods to be carried to the bench.
async fn picked(browser: &Browser) {
    browser
        .until("document.querySelector('#round').dataset.state === 'picked'")
        .await;
}

/// Units that the bench shows as not packed yet.
async fn left(browser: &Browser, units: usize) {
    browser
        .until(&format!(
            "document.querySelector('#bench').dataset.left === '{units}'"
        ))
        .await;
}
