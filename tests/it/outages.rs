//! What is not there at all: the shop, the database, the right key, or the run itself after
//! Ctrl-C. The reader is told with a way on, and the next run finishes the work.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{Kind, Shop, on_all_stores};
use crate::trade::{Told, Trade};

on_all_stores!(an_interrupted_run_is_finished_by_the_next);

/// Ctrl-C while the orders are read, and while quantities are written.
async fn an_interrupted_run_is_finished_by_the_next(shop: Shop) {
    let trade = Trade::open(shop).await;
    for (fault, call) in [
        ("slow:4000,method=GET,path=orders?", "GET products"),
        ("slow:4000,method=POST,path=batch", "GET orders"),
    ] {
        trade.find_one_more(&trade.skus[0]);
        trade.sandbox.woo().forget_calls();
        trade.spoil(fault);
        // A shell in the background hands on that SIGINT is ignored; a person's does not.
        let mut command = std::process::Command::new("env");
        command
            .arg("--default-signal=INT")
            .args([env!("CARGO_BIN_EXE_opsctl"), "--tenant", "shop", "sync"])
            .current_dir(trade.shop.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let started = Instant::now();
        while !trade.sandbox.faults().pending().is_empty() {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "no run came to {fault}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(trade.sandbox.woo().counts().of(call) > 0);
        let interrupted = Instant::now();
        let pid = child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status();
        assert!(sent.unwrap().success());
        assert!(!child.wait().unwrap().success());
        assert!(interrupted.elapsed() < Duration::from_secs(2));
        trade.shop.must_be_sound();
        trade.sync(0);
        trade.agrees().await;
    }
    trade.mends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_is_not_there_is_named_with_a_way_on() {
    let Trade { shop, sandbox, .. } = Trade::open(Shop::new(Kind::Sqlite).await).await;
    sandbox.stop().await.unwrap();
    let output = shop.run(&["sync"]);
    let told = Told::by(&output, Duration::ZERO);
    assert_eq!(output.status.code(), Some(75), "{}", told.text);
    told.says(&[
        "error: syncing woo",
        "caused by: woo cannot be reached",
        "hint: check the address in the tenant file",
    ]);
    shop.must_be_sound();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_there_is_named_with_a_way_on() {
    let mut shop = Shop::new(Kind::Sqlite).await;
    // Nobody listens on port 1.
    shop.url = "mysql://root@127.0.0.1:1/shop".to_owned();
    shop.write("tenants/shop.toml", &shop.tenant_file(""));
    let started = Instant::now();
    let output = shop.run(&["sync"]);
    let told = Told::by(&output, started.elapsed());
    assert_eq!(output.status.code(), Some(75), "{}", told.text);
    told.says(&[
        "error: the database cannot be reached",
        "hint: see that the database runs",
    ]);
    assert!(told.took < Duration::from_secs(20), "{:?}", told.took);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_or_secret_is_a_matter_of_configuration() {
    for (file, word) in [
        ("key", "does not know the consumer key"),
        ("secret", "secret is wrong"),
    ] {
        let trade = Trade::open(Shop::new(Kind::Sqlite).await).await;
        let right = std::fs::read_to_string(trade.shop.path(file)).unwrap();
        trade.shop.write(file, "mistyped");
        trade.sync(2).says(&["error: syncing woo", "hint:", word]);
        trade.shop.write(file, &right);
        trade.mends().await;
    }
}
