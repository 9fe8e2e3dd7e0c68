//! The live log: what happens is told as it happens, once, also what appears late; and
//! whoever comes back gets what they missed.

use crate::harness::{Kind, Shop, on_all_stores};
use crate::site::{Heard, Site, Visitor};

on_all_stores!(
    what_happens_is_told_and_what_was_missed_is_told_later,
    what_commits_late_with_a_lower_number_is_told_all_the_same,
);

async fn write(shop: &Shop, events: &[(i64, &str, &str)]) {
    let rows: Vec<String> = events
        .iter()
        .map(|(id, kind, subject)| {
            format!("({id}, 1772355600000, 'r', 'cli:test', '{kind}', 1, '{subject}', '{{}}')")
        })
        .collect();
    shop.sql(&format!(
        "INSERT INTO events (id, at, run, actor, kind, version, subject, payload) VALUES {}",
        rows.join(", ")
    ))
    .await;
}

fn numbers(heard: &[Heard]) -> Vec<i64> {
    heard
        .iter()
        .map(|h| h.data["id"].as_i64().unwrap())
        .collect()
}

async fn open(shop: &Shop) -> (Site, Visitor) {
    let site = Site::open(shop).await;
    let kim = site.as_role(shop, "manager").await;
    (site, kim)
}

const STREAM: &str = "/events/stream";

async fn what_happens_is_told_and_what_was_missed_is_told_later(shop: Shop) {
    write(&shop, &[(1, "old", "x")]).await;
    let (site, kim) = open(&shop).await;
    let mut all = kim.listen(STREAM, None).await;
    let ready = all.next().await.unwrap();
    assert_eq!(ready.name, "ready");
    let mut orders = kim
        .listen(
            "/events/stream?kind=order.&subject=order:a",
            Some(&ready.id),
        )
        .await;

    write(
        &shop,
        &[
            (2, "order.held", "order:a"),
            (3, "stock.low", "sku:b"),
            (4, "order.held", "order:b"),
        ],
    )
    .await;
    let heard = all.take(3).await;
    assert_eq!(numbers(&heard), [2, 3, 4]);
    assert_eq!(heard[0].data["kind"], "order.held");
    assert_eq!(heard[0].data["local"], "2026-03-01 10:00:00");
    assert_eq!(numbers(&orders.take(1).await), [2]);
    let last = heard[1].id.clone();
    drop(all);

    write(&shop, &[(5, "order.held", "order:a")]).await;
    assert_eq!(numbers(&orders.take(1).await), [5]);
    let mut back = kim.listen(STREAM, Some(&last)).await;
    assert_eq!(numbers(&back.take(2).await), [4, 5]);
    write(&shop, &[(6, "stock.low", "sku:b")]).await;
    assert_eq!(numbers(&back.take(1).await), [6]);
    site.shut_down().await;
    assert!(back.next().await.is_none());
    assert!(orders.next().await.is_none());

    // Another server knows nothing of places in the old feed; the position still counts.
    let (site, kim) = open(&shop).await;
    let mut back = kim.listen(STREAM, Some(&last)).await;
    let heard = back.take(3).await;
    assert_eq!(numbers(&heard), [4, 5, 6]);
    let mut again = kim.listen(STREAM, Some(&heard[2].id)).await;
    write(&shop, &[(7, "stock.low", "sku:b")]).await;
    assert_eq!(numbers(&again.take(1).await), [7]);
    let mut bare = kim.listen(STREAM, Some("5")).await;
    assert_eq!(numbers(&bare.take(2).await), [6, 7]);
    site.shut_down().await;
}

async fn what_commits_late_with_a_lower_number_is_told_all_the_same(shop: Shop) {
    let first: Vec<_> = (1..=10).chain([13]).map(|id| (id, "first", "x")).collect();
    write(&shop, &first).await;
    let (site, kim) = open(&shop).await;
    let mut stream = kim.listen(STREAM, None).await;
    stream.next().await.unwrap();
    write(&shop, &[(15, "a", "x"), (17, "a", "x")]).await;
    let early = stream.take(2).await;
    assert_eq!(numbers(&early), [15, 17]);
    // One from before the feed began, one from since.
    write(&shop, &[(11, "late", "x"), (16, "late", "x")]).await;
    let late = stream.take(2).await;
    assert_eq!(numbers(&late), [11, 16]);
    // To the same feed: just what was told behind it.
    let mut back = kim.listen(STREAM, Some(&early[1].id)).await;
    assert_eq!(numbers(&back.take(2).await), [11, 16]);
    // To another: all above the position, for 12 might still have come.
    site.shut_down().await;
    let (site, kim) = open(&shop).await;
    let mut back = kim.listen(STREAM, Some(&late[1].id)).await;
    assert_eq!(numbers(&back.take(4).await), [13, 15, 16, 17]);
    site.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_may_watch_and_no_more() {
    let shop = Shop::new(Kind::Sqlite).await;
    let (site, kim) = open(&shop).await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        let mut stream = kim.listen(STREAM, None).await;
        stream.next().await.unwrap();
        streams.push(stream);
    }
    let (status, page) = kim.get(STREAM).await;
    assert_eq!(status, 503);
    assert!(page.contains("50 pages watch the log already"), "{page}");
    write(&shop, &[(1, "a", "x")]).await;
    for stream in &mut streams {
        assert_eq!(numbers(&stream.take(1).await), [1]);
    }
    site.shut_down().await;
}
