//! The log as it happens: a page with the newest events, and the stream that goes on.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use minijinja::{Value, context};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::address;
use crate::store::events::Row;
use crate::web::feed::{Feed, Listener, Message};
use crate::web::{App, Manager, WebError};
use crate::workflows::office;

/// A stream tells that it is there at least so often.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after so long, and the browser comes back: with a session that still holds.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// Characters of an event's particulars that are shown.
const PARTICULARS: usize = 2_000;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/events", get(page))
        .route("/events/stream", get(listen))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    kind: String,
    subject: String,
    after: String,
}

impl Asked {
    fn wants(&self, row: &Row) -> bool {
        row.kind.starts_with(self.kind.trim())
            && (self.subject.trim().is_empty() || row.subject == self.subject.trim())
    }
}

/// An event as it is shown. Its particulars are one line of JSON.
fn shown(row: &Row, zone: chrono_tz::Tz) -> serde_json::Value {
    let particulars = row.payload.to_string();
    let short: String = particulars.chars().take(PARTICULARS).collect();
    let more = if short.len() < particulars.len() {
        " ..."
    } else {
        ""
    };
    let local = row.at.to_utc().with_timezone(&zone);
    json!({
        "id": row.id, "utc": row.at, "local": local.format("%Y-%m-%d %H:%M:%S").to_string(),
        "kind": row.kind, "subject": row.subject, "actor": row.actor,
        "particulars": format!("{short}{more}"),
        "href": row.subject.strip_prefix("order:")
            .map(|order| format!("/orders/{}", address::part(order)))
            .or_else(|| row.subject.strip_prefix("sku:")
                .map(|sku| format!("/stock/{}", address::part(sku)))),
    })
}

async fn page(
    State(app): State<App>,
    Manager(who): Manager,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let ctx = app.context(&who);
    let zone = ctx.tenant.tenant.timezone;
    // First where the stream goes on, then what is there: nothing falls between, and what is
    // in both is shown once.
    let after = app.feed().now().await?;
    let rows = office::events(&ctx, Some(&asked.kind), Some(&asked.subject)).await?;
    let fields = [
        ("kind", asked.kind.as_str()),
        ("subject", &asked.subject),
        ("after", &after),
    ];
    let rows: Vec<serde_json::Value> = rows.iter().map(|row| shown(row, zone)).collect();
    let values = context! {
        rows => Value::from_serialize(&rows), stream => address::query("/events/stream", &fields),
        kind => asked.kind.chars().take(200).collect::<String>(),
        subject => asked.subject.chars().take(200).collect::<String>(),
        among => office::SEARCHED_EVENTS,
    };
    app.page(Some(&who), "events.html", values)
}

async fn listen(
    State(app): State<App>,
    Manager(_): Manager,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last = last
        .or(Some(asked.after.as_str()))
        .filter(|id| !id.is_empty());
    let feed: &Feed = app.feed();
    let start = match last {
        Some(_) => None,
        None => Some(feed.now().await?),
    };
    let listener = feed.listen(last).await?;
    let zone = app.base().tenant.tenant.timezone;
    let going = Going {
        hello: start,
        told_missed_more: false,
        listener,
        asked,
        zone,
        ends: Instant::now() + LONGEST,
    };
    let stream = stream::unfold(going, async |mut going| {
        let event = going.next().await?;
        Some((Ok::<_, Infallible>(event), going))
    });
    let alive = KeepAlive::new().interval(HEARTBEAT).text("still here");
    // A stream says by itself that it may be stored, if asked for anew; it may not.
    let unstored = [(CACHE_CONTROL, "no-store")];
    Ok((unstored, Sse::new(stream).keep_alive(alive)).into_response())
}

/// A stream on its way.
struct Going {
    /// The id to begin with, for a browser that has none yet.
    hello: Option<String>,
    told_missed_more: bool,
    listener: Listener,
    asked: Asked,
    zone: chrono_tz::Tz,
    ends: Instant,
}

impl Going {
    /// What is sent next; none when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        if let Some(id) = self.hello.take() {
            return Some(Event::default().event("ready").id(id).data("{}"));
        }
        let missed: &mut VecDeque<_> = &mut self.listener.missed;
        while let Some((id, told)) = missed.pop_front() {
            if self.asked.wants(&told.row) {
                return self.told(id, &told.row);
            }
        }
        if self.listener.missed_more && !self.told_missed_more {
            self.told_missed_more = true;
            return Some(Event::default().event("reload").data("{}"));
        }
        loop {
            let message = tokio::time::timeout_at(self.ends, self.listener.next()).await;
            match message.ok()?? {
                Message::Told(told) if self.asked.wants(&told.row) => {
                    let id = self.listener.id(&told);
                    return self.told(id, &told.row);
                }
                Message::Told(_) => {}
                Message::Away => return Some(Event::default().event("away").data("{}")),
                Message::Back => return Some(Event::default().event("back").data("{}")),
            }
        }
    }

    fn told(&self, id: String, row: &Row) -> Option<Event> {
        Event::default()
            .id(id)
            .json_data(shown(row, self.zone))
            .ok()
    }
}
