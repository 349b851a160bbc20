//! Wipes memory that safe code cannot reach.
