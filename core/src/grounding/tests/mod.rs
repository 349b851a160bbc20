//! Whole contexts, from hand-made and from synthetic records.

mod allergies;
mod asked;
mod brands;
mod bundles;
mod chunks;
mod claims;
mod ends;
mod fake;
mod hedged;
mod hostile;
mod lacking;
mod listed;
mod oracle;
mod reading;
mod spelled;
mod sports;
mod standing;
mod story;
mod synthea;
mod texts;
mod times;
mod topics;
mod typed;
mod whole;
mod within;
mod words;
