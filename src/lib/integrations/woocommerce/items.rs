//! Products and variations: listings, quantities in, quantities out.

use serde_json::json;
use serde_json::value::RawValue;

use super::wire::{self, Listing, Pushed};
use super::{Client, Error, PAGE, Page, changed};
use crate::domain::catalogue::{ShopItem, ShopQuantity};
use crate::domain::time::UtcMs;
use crate::integrations::http::HttpError;

const ITEM_FIELDS: &str = "id,parent_id,type,status,sku,name,global_unique_id,manage_stock,\
    stock_quantity,weight,dimensions,brands,meta_data,date_created_gmt,date_modified_gmt";
const QUANTITY_FIELDS: &str = "id,manage_stock,stock_quantity";

/// The answer to a batch.
#[derive(serde::Deserialize)]
struct BatchAnswer {
    update: Vec<Box<RawValue>>,
}

impl Client {
    /// A page (from 1) of the products changed after a time, or of all. Variations are not
    /// among them: a change to one shows as a change to its parent.
    ///
    /// # Errors
    /// The page cannot be had. A single broken product is not an error.
    pub async fn items_page(
        &self,
        since: Option<UtcMs>,
        page: u32,
    ) -> Result<Page<ShopItem>, Error> {
        let query = changed("any", since, page, ITEM_FIELDS);
        let read = |raw: &RawValue| wire::item(raw, self.units);
        self.page("products", query, read).await
    }

    /// One product; `None` where the shop does not have it.
    ///
    /// # Errors
    /// It cannot be had, or not be understood.
    pub async fn product(&self, id: &str) -> Result<Option<ShopItem>, Error> {
        let path = format!("products/{}", self.number(id)?);
        let read = |raw: &RawValue| wire::item(raw, self.units);
        self.one(&path, ITEM_FIELDS, read).await
    }

    /// All variations of a product, titled `Parent - Navy, L` as the shop's orders title
    /// them. A weight or measure that a variation leaves to its parent is `None`.
    ///
    /// # Errors
    /// They cannot be had; [`Error::NotFound`] where the parent is gone.
    pub async fn variations(
        &self,
        parent_id: &str,
        parent_title: &str,
    ) -> Result<Listing<ShopItem>, Error> {
        let path = format!("products/{}/variations", self.number(parent_id)?);
        let read = |raw: &RawValue| wire::variation(raw, parent_id, parent_title, self.units);
        let pages = |page| changed("any", None, page, ITEM_FIELDS);
        self.all(&path, pages, read).await
    }

    /// The quantities of products, a request for each hundred. What the shop does not have
    /// (any more) is missing from the result.
    ///
    /// # Errors
    /// They cannot be had.
    pub async fn quantities(&self, ids: &[String]) -> Result<Listing<ShopQuantity>, Error> {
        self.included("products", ids, QUANTITY_FIELDS, wire::quantity)
            .await
    }

    /// The quantities of variations of one product, as [`Self::quantities`].
    ///
    /// # Errors
    /// They cannot be had; [`Error::NotFound`] where the parent is gone.
    pub async fn variation_quantities(
        &self,
        parent_id: &str,
        ids: &[String],
    ) -> Result<Listing<ShopQuantity>, Error> {
        let path = format!("products/{}/variations", self.number(parent_id)?);
        self.included(&path, ids, QUANTITY_FIELDS, wire::quantity)
            .await
    }

    /// Sets the quantities of up to a hundred products, and tells for each what the shop
    /// then states. A sale between reading and writing is overwritten: read just before.
    ///
    /// # Errors
    /// Nothing was done, or, with [`Error::OutcomeUnknown`], any part of it may have been.
    pub async fn push_quantities(&self, batch: &[(String, i64)]) -> Result<Vec<Pushed>, Error> {
        self.push("products/batch", batch).await
    }

    /// Sets the quantities of up to a hundred variations of one product, as
    /// [`Self::push_quantities`]. One whose parent keeps the stock must not be among them.
    ///
    /// # Errors
    /// As [`Self::push_quantities`].
    pub async fn push_variation_quantities(
        &self,
        parent_id: &str,
        batch: &[(String, i64)],
    ) -> Result<Vec<Pushed>, Error> {
        let path = format!("products/{}/variations/batch", self.number(parent_id)?);
        self.push(&path, batch).await
    }

    async fn push(&self, path: &str, batch: &[(String, i64)]) -> Result<Vec<Pushed>, Error> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        if batch.len() > PAGE {
            let reason = format!("a batch holds {PAGE} items, not {}", batch.len());
            return Err(self.rejected(reason));
        }
        let mut update = Vec::new();
        for (id, quantity) in batch {
            // A quantity without `manage_stock` is ignored with a 200.
            update.push(json!({
                "id": self.number(id)?,
                "manage_stock": true,
                "stock_quantity": quantity,
            }));
        }
        let response = self.post(path, &json!({ "update": update })).await?;
        let answer: Result<BatchAnswer, HttpError> = response.json();
        let answer = answer.map_err(|error| Error::OutcomeUnknown {
            service: self.lane.service().to_owned(),
            reason: error.to_string(),
        })?;
        let mut told: Listing<Pushed> = Listing::default();
        told.extend(&answer.update, wire::pushed, str::to_owned);
        let clean = |mut pushed: Pushed| {
            pushed.outcome = pushed.outcome.map_err(|reason| response.clean(&reason));
            pushed
        };
        let outcomes = batch.iter().map(|(id, _)| clean(outcome(&told, id)));
        Ok(outcomes.collect())
    }
}

/// What the answer to a batch says of one item. One that it does not name is an error.
fn outcome(told: &Listing<Pushed>, id: &str) -> Pushed {
    let understood = told.items.iter().find(|item| item.external_id == id);
    understood.cloned().unwrap_or_else(|| {
        let mut rejected = told.rejected.iter();
        let broken = rejected.find(|item| item.external_id.as_deref() == Some(id));
        Pushed {
            external_id: id.to_owned(),
            outcome: Err(broken.map_or_else(
                || "the shop's answer does not name it".to_owned(),
                |item| item.reason.clone(),
            )),
        }
    })
}
