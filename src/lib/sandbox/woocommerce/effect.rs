//! What reaching a status does to the stock that an order holds.

/// What a status does to an order's stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Takes the units, unless they are taken.
    Take,
    /// Gives back what was taken.
    GiveBack,
    /// Leaves things as they are.
    Nothing,
}

/// The effect of reaching `status`.
pub fn of(status: &str) -> Effect {
    match status {
        "on-hold" | "processing" | "completed" => Effect::Take,
        "cancelled" | "pending" => Effect::GiveBack,
        _ => Effect::Nothing,
    }
}
