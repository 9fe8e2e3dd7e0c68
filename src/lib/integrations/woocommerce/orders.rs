//! Orders and their refunds. Of an order, opsctl writes its status, notes and one entry of
//! its metadata.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::wire::{self, Listing};
use super::{Client, Error, Page, changed, listed};
use crate::domain::money::Currency;
use crate::domain::order::{Refund, ShopOrder};
use crate::domain::time::UtcMs;

const ORDER_FIELDS: &str = "id,number,status,currency,date_created_gmt,date_modified_gmt,\
    date_completed_gmt,date_paid_gmt,billing,shipping,customer_note,payment_method,\
    payment_method_title,transaction_id,shipping_total,total_tax,total,line_items,shipping_lines,refunds";
const REFUND_FIELDS: &str = "id,amount,reason,date_created_gmt,line_items";

impl Client {
    /// A page (from 1) of the orders changed after a time, or of all, the trash left out.
    ///
    /// # Errors
    /// The page cannot be had. A single broken order is not an error.
    pub async fn orders_page(
        &self,
        since: Option<UtcMs>,
        page: u32,
    ) -> Result<Page<ShopOrder>, Error> {
        let query = changed("any", since, page, ORDER_FIELDS);
        self.page("orders", query, wire::order).await
    }

    /// A page (from 1) of the ids of all orders, the trash left out.
    ///
    /// # Errors
    /// The page cannot be had.
    pub async fn order_ids_page(&self, page: u32) -> Result<Page<String>, Error> {
        let query = changed("any", None, page, "id");
        self.page("orders", query, wire::id_only).await
    }

    /// Orders by their ids, a request for each hundred. What is in the trash or gone is
    /// missing from the result.
    ///
    /// # Errors
    /// They cannot be had.
    pub async fn orders(&self, ids: &[String]) -> Result<Listing<ShopOrder>, Error> {
        self.included("orders", ids, ORDER_FIELDS, wire::order)
            .await
    }

    /// One order, also one in the trash; `None` where the shop does not have it.
    ///
    /// # Errors
    /// It cannot be had, or not be understood.
    pub async fn order(&self, id: &str) -> Result<Option<ShopOrder>, Error> {
        let path = format!("orders/{}", self.number(id)?);
        self.one(&path, ORDER_FIELDS, wire::order).await
    }

    /// Sets the status of an order, whatever it was. A repeat changes nothing.
    ///
    /// # Errors
    /// The shop refuses, or the outcome is not known.
    pub async fn set_order_status(&self, id: &str, status: &str) -> Result<(), Error> {
        let path = format!("orders/{}", self.number(id)?);
        self.put(&path, &serde_json::json!({ "status": status }))
            .await?;
        Ok(())
    }

    /// Sets one entry of an order's metadata, a text. A repeat changes nothing.
    ///
    /// # Errors
    /// The shop refuses, or the outcome is not known.
    pub async fn set_order_meta(&self, id: &str, key: &str, value: &str) -> Result<(), Error> {
        let path = format!("orders/{}", self.number(id)?);
        let body = json!({ "meta_data": [{ "key": key, "value": value }] });
        self.put(&path, &body).await?;
        Ok(())
    }

    /// The texts of an order's notes, newest first; `None` where the shop does not have it.
    ///
    /// # Errors
    /// They cannot be had.
    pub async fn order_notes(&self, id: &str) -> Result<Option<Vec<String>>, Error> {
        let path = format!("orders/{}/notes", self.number(id)?);
        let response = match self.get(&path, &[]).await {
            Ok(response) => response,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let notes: Vec<Value> = response.json()?;
        let text = |note: &Value| note["note"].as_str().unwrap_or_default().to_owned();
        Ok(Some(notes.iter().map(text).collect()))
    }

    /// Adds a note to an order; one to the customer is mailed by the shop. Never repeated here:
    /// where the outcome is not known, read the notes first.
    ///
    /// # Errors
    /// The shop refuses, or the outcome is not known.
    pub async fn add_order_note(
        &self,
        id: &str,
        text: &str,
        to_customer: bool,
    ) -> Result<(), Error> {
        let path = format!("orders/{}/notes", self.number(id)?);
        let body = json!({ "note": text, "customer_note": to_customer });
        self.post(&path, &body).await?;
        Ok(())
    }

    /// All refunds of an order. Their amounts are in the order's currency, which the API
    /// does not repeat.
    ///
    /// # Errors
    /// They cannot be had; [`Error::NotFound`] where the order is gone.
    pub async fn order_refunds(
        &self,
        order_id: &str,
        currency: Currency,
    ) -> Result<Listing<Refund>, Error> {
        let path = format!("orders/{}/refunds", self.number(order_id)?);
        let read = |raw: &RawValue| wire::refund(raw, currency);
        let pages = |page| listed(page, REFUND_FIELDS);
        self.all(&path, pages, read).await
    }
}
