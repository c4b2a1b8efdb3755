//! What is written for people: comments, messages, documents.

pub(super) mod turns;
pub(super) mod width;
