//! Purchases whose answers go wrong: bought once or not at all, and found by reference.

use opsctl::domain::carriage::Found;
use opsctl::fault::Exit;
use opsctl::integrations::carrier::{Carrier, CarrierError};

use super::{House, SHIP, american, class, european};

/// How many pieces UPS has of a sending.
async fn found(house: &House, sending: &opsctl::domain::carriage::Sending) -> usize {
    match house.client.find(sending, &[]).await.unwrap() {
        Found::Nothing => 0,
        Found::Pieces(pieces) => pieces.len(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_purchase_that_may_have_happened_is_sent_once_and_found() {
    let cases = [
        ("cut-before", 0),
        ("cut-after", 3),
        ("cut-mid-body", 3),
        ("truncated-json", 3),
        ("html", 0),
        ("500", 0),
        ("500-bare", 0),
        ("503", 0),
        ("error-in-200", 0),
        ("field:PackageResults=\"\"", 3),
        ("field:TrackingNumber=\"\"", 3),
        ("field:GraphicImage=R0lGODlh", 3),
        ("field:ShipmentResults=null", 3),
        ("slow:4000", 0),
    ];
    for sending in [american(3), european(3)] {
        for (fault, bought) in cases {
            let house = House::new().await;
            house.spoil(&format!("{fault},path=/ship"));
            let error = house.client.buy(&sending).await.unwrap_err();
            assert_eq!(
                (class(&error), error.exit()),
                ("unknown", Exit::TryAgain),
                "{fault}: {error}"
            );
            assert_eq!(
                (house.bought(), house.asked(SHIP)),
                (bought, u64::from(fault != "slow:4000")),
                "{fault}"
            );
            assert_eq!(found(&house, &sending).await, bought, "{fault}");
        }
    }
}

#[tokio::test]
async fn too_many_requests_bought_nothing_and_may_be_asked_again() {
    let house = House::new().await;
    house.spoil("429:0,path=/ship,times=2");
    house.client.buy(&american(1)).await.unwrap();
    assert_eq!((house.bought(), house.asked(SHIP)), (1, 3));
    house.spoil("429:90,path=/ship");
    let error = house.client.buy(&european(1)).await.unwrap_err();
    let CarrierError::Unavailable { retry_after, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(retry_after.unwrap().as_secs(), 90);
    assert_eq!((house.bought(), error.exit()), (1, Exit::TryAgain));
}

#[tokio::test]
async fn a_service_that_is_not_there_bought_nothing() {
    let House { sandbox, client } = House::new().await;
    client.rates(&american(1)).await.unwrap();
    sandbox.stop().await.unwrap();
    let error = client.buy(&american(1)).await.unwrap_err();
    assert_eq!(class(&error), "unavailable", "{error}");
}

#[tokio::test]
async fn a_package_that_the_answer_leaves_out_is_found() {
    let house = House::new().await;
    house.spoil("drop-package,path=/ship");
    let sending = american(3);
    let bought = house.client.buy(&sending).await.unwrap();
    assert_eq!((bought.pieces.len(), house.bought()), (2, 3));
    assert_eq!(found(&house, &sending).await, 3);
}

#[tokio::test]
async fn another_currency_is_told_as_it_came() {
    let house = House::new().await;
    house.spoil("currency:JPY,path=/ship");
    let bought = house.client.buy(&american(1)).await.unwrap();
    // Yen have no decimals: such an amount is a remark, not a price.
    assert_eq!(bought.charge, None);
    assert!(
        bought.remarks[0].contains("more decimals than JPY has"),
        "{:?}",
        bought.remarks
    );
    house.spoil("currency:EUR,path=/ship");
    let bought = house.client.buy(&american(1)).await.unwrap();
    assert_eq!(bought.charge.unwrap().currency.as_str(), "EUR");
}

#[tokio::test]
async fn the_controls_show_what_was_bought_and_move_it_along() {
    let house = House::new().await;
    let bought = house.client.buy(&american(2)).await.unwrap();
    let http = reqwest::Client::new();
    let url = format!("{}/_sandbox/ups", house.sandbox.url());
    let shown: serde_json::Value = http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&shown["bought"], &shown["voided"]), (&2.into(), &0.into()));
    assert_eq!(shown["labels"][1]["tracking"], *bought.pieces[1].tracking);
    assert_eq!(shown["labels"][1]["references"][0], "s7-1-2");
    let post = async |body: serde_json::Value| {
        let sent = http
            .post(format!("{url}/advance"))
            .json(&body)
            .send()
            .await
            .unwrap();
        (
            sent.status().as_u16(),
            sent.json::<serde_json::Value>().await.unwrap(),
        )
    };
    let one = serde_json::json!({"tracking": bought.id, "stage": "D"});
    assert_eq!(post(one).await, (200, serde_json::json!({"moved": 1})));
    let all = serde_json::json!({"all": true, "stage": "RS"});
    assert_eq!(post(all).await, (200, serde_json::json!({"moved": 2})));
    for bad in [
        serde_json::json!({"stage": "D"}),
        serde_json::json!({"tracking": "1Z", "stage": "D"}),
    ] {
        assert_eq!(post(bad).await.0, 400);
    }
}
