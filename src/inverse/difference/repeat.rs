//! Does CREATE OR REPLACE say again what stands there?

use super::query::likeness;
use super::{Likeness, routine_likeness, same};
use crate::operation::{CreateRoutine, CreateView};
use crate::schema::{Routine, Schema, View};

/// Is it the routine that is there? One that was altered since becomes again
/// what it was.
pub fn repeats_routine(known: &Routine, create: &CreateRoutine) -> bool {
    let new = Routine {
        procedure: create.procedure,
        arguments: create.arguments,
        returns: create.returns,
        language: create.language,
        volatility: create.volatility,
        body: create.body_text.clone(),
        definition: create.definition.clone(),
        ..known.clone()
    };
    !known.is_altered()
        && known.procedure == create.procedure
        && known.takes(&create.arguments)
        && routine_likeness(known, &new) == Likeness::Same
}

/// Is it the view that is there?
pub fn repeats_view(schema: &Schema, known: &View, create: &CreateView) -> bool {
    let new = View {
        query: create.query.text.clone(),
        columns: schema.view_columns(create),
        ..known.clone()
    };
    !known.stale
        && known.columns == new.columns
        && same::text(&known.options, &create.options)
        && same::text(&known.check_option, &create.check_option)
        && likeness(known, &new) == Likeness::Same
}
