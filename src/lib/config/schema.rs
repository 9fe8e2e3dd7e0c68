//! The JSON Schema of a tenant file, made from its types: what an editor completes and checks.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::Tenant;

/// The JSON Schema of a tenant file.
#[must_use]
pub fn schema() -> Value {
    // Serialized rather than taken apart: so `$schema` and the title come first.
    serde_json::to_value(schemars::schema_for!(Tenant)).unwrap_or_default()
}

/// The names of the fields, by whether they hold a reference to a secret.
pub(super) struct Fields {
    /// Fields whose values may be shown.
    pub plain: BTreeSet<String>,
    /// Fields that hold references.
    pub secret: BTreeSet<String>,
}

/// The fields of a tenant file.
pub(super) fn fields() -> &'static Fields {
    static FIELDS: OnceLock<Fields> = OnceLock::new();
    FIELDS.get_or_init(|| {
        let mut fields = Fields {
            plain: BTreeSet::new(),
            secret: BTreeSet::new(),
        };
        collect(&schema(), &mut fields);
        fields.plain.retain(|name| !fields.secret.contains(name));
        fields
    })
}

fn collect(node: &Value, fields: &mut Fields) {
    match node {
        Value::Object(entries) => {
            if let Some(Value::Object(properties)) = entries.get("properties") {
                for (name, property) in properties {
                    let names = if is_reference(property) {
                        &mut fields.secret
                    } else {
                        &mut fields.plain
                    };
                    names.insert(name.clone());
                }
            }
            entries.values().for_each(|entry| collect(entry, fields));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, fields)),
        _ => {}
    }
}

/// Whether a property is a [`SecretRef`](super::SecretRef), also an optional one.
fn is_reference(property: &Value) -> bool {
    let direct = |value: &Value| value["$ref"] == "#/$defs/SecretRef";
    direct(property)
        || property["anyOf"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(direct))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_current() {
        let committed = include_str!("../../../tenants/schema.json");
        let made = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
        assert!(
            committed == made,
            "tenants/schema.json is old; renew it with: \
             cargo run -- config schema > tenants/schema.json"
        );
    }

    #[test]
    fn secret_fields_are_known_as_such() {
        let secret: Vec<&str> = fields().secret.iter().map(String::as_str).collect();
        assert_eq!(
            secret,
            [
                "client_id",
                "client_secret",
                "consumer_key",
                "consumer_secret",
                "identity",
                "metrics_token",
                "password"
            ]
        );
        assert!(fields().plain.contains("requests_per_second"));
    }
}
