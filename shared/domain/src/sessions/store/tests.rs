//! The store as stories.
