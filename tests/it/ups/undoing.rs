//! Voiding, whole and by piece.

use opsctl::domain::carriage::{Found, Stage, Voided};
use opsctl::integrations::carrier::Carrier;
use opsctl::sandbox::ups::Stage as Letter;

use super::{House, american, european};

const VOID: &str = "DELETE /api/shipments/v2409/void/cancel/{id}";

fn numbers(of: &opsctl::domain::carriage::Bought) -> Vec<String> {
    of.pieces
        .iter()
        .map(|piece| piece.tracking.clone())
        .collect()
}

#[tokio::test]
async fn a_shipment_is_voided_whole_and_once_more_without_harm() {
    let house = House::new().await;
    for sending in [american(3), european(2)] {
        let bought = house.client.buy(&sending).await.unwrap();
        for _ in 0..2 {
            let voided = house.client.void(&bought.id, &[]).await.unwrap();
            assert_eq!(voided, Voided::All);
        }
        assert_eq!(
            house.client.find(&sending, &[]).await.unwrap(),
            Found::Voided
        );
        let told = house.client.track(&bought.id).await.unwrap().unwrap();
        assert_eq!(told.stage, Some(Stage::Voided));
    }
    assert_eq!(house.sandbox.ups().counts().voided, 5);
}

#[tokio::test]
async fn pieces_are_voided_twenty_a_call() {
    let house = House::new().await;
    let sending = american(60);
    let bought = house.client.buy(&sending).await.unwrap();
    let all = numbers(&bought);
    let voided = house.client.void(&bought.id, &all[..45]).await.unwrap();
    assert_eq!((voided, house.asked(VOID)), (Voided::All, 3));
    assert_eq!(house.sandbox.ups().counts().voided, 45);
    let Found::Pieces(left) = house.client.find(&sending, &[]).await.unwrap() else {
        panic!("nothing is left");
    };
    let places: Vec<usize> = left.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, (46..=60).collect::<Vec<_>>());
    // One piece, and again with one that was voided before.
    assert_eq!(
        house.client.void(&bought.id, &all[45..46]).await.unwrap(),
        Voided::All
    );
    assert_eq!(
        house.client.void(&bought.id, &all[44..47]).await.unwrap(),
        Voided::All
    );
}

#[tokio::test]
async fn a_number_that_is_not_of_the_shipment_is_told_apart() {
    let house = House::new().await;
    let bought = house.client.buy(&american(2)).await.unwrap();
    let mut asked = numbers(&bought)[..1].to_vec();
    asked.push("1ZA1B2C30399999990".to_owned());
    let voided = house.client.void(&bought.id, &asked).await.unwrap();
    assert_eq!(voided, Voided::Some(asked[..1].to_vec()));
    let voided = house.client.void(&bought.id, &asked[1..]).await.unwrap();
    assert!(matches!(voided, Voided::Refused(why) if why.contains("190121")));
}

#[tokio::test]
async fn what_cannot_be_voided_says_why() {
    let house = House::new().await;
    let abroad = house.client.buy(&european(2)).await.unwrap();
    let refused = house
        .client
        .void(&abroad.id, &numbers(&abroad)[..1])
        .await
        .unwrap();
    assert!(matches!(refused, Voided::Refused(why) if why.contains("only all can be voided")));
    let gone = house.client.buy(&american(1)).await.unwrap();
    house
        .sandbox
        .ups()
        .advance(Some(&gone.id), Letter::OnTheWay);
    let refused = house.client.void(&gone.id, &[]).await.unwrap();
    assert!(matches!(refused, Voided::Refused(why) if why.contains("too late")));
    let refused = house.client.void("1ZA1B2C30399999990", &[]).await.unwrap();
    assert!(matches!(refused, Voided::Refused(why) if why.contains("190102")));
    assert_eq!(house.sandbox.ups().counts().voided, 0);
}

#[tokio::test]
async fn a_void_whose_answer_is_lost_is_asked_again() {
    for fault in [
        "cut-after",
        "500",
        "cut-mid-body",
        "cut-before",
        "503",
        "429:0",
    ] {
        let house = House::new().await;
        let bought = house.client.buy(&american(3)).await.unwrap();
        house.spoil(&format!("{fault},path=/void/"));
        let voided = house.client.void(&bought.id, &[]).await.unwrap();
        assert_eq!(voided, Voided::All, "{fault}");
        assert_eq!(
            (house.asked(VOID), house.sandbox.ups().counts().voided),
            (2, 3),
            "{fault}"
        );
    }
}
