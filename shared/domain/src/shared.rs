//! A value that many copies share until one of them changes it.
//!
//! A decision starts from a copy of the memory and mostly leaves most of it as it was: what is
//! shared is copied when it is first changed, and compared by a look at where it stands.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A value of which a copy costs nothing; it reads, writes and compares as the value does.
#[derive(Debug, Clone, Default)]
pub struct Shared<T>(Arc<T>);

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// To change it is to have it alone.
impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<A, T: FromIterator<A>> FromIterator<A> for Shared<T> {
    fn from_iter<I: IntoIterator<Item = A>>(items: I) -> Self {
        Self::from(items.into_iter().collect::<T>())
    }
}

impl<T: Eq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl<T: Eq> Eq for Shared<T> {}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_changes_leaves_the_other_as_it_was() {
        let one: Shared<Vec<u32>> = vec![1].into();
        let mut other = one.clone();
        assert_eq!(one, other);
        other.push(2);
        assert_eq!((one.as_slice(), other.as_slice()), ([1].as_slice(), [1, 2].as_slice()));
        assert_ne!(one, other);
    }

    #[test]
    fn it_is_stored_as_its_value() {
        let value: Shared<Vec<u32>> = vec![1, 2].into();
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(text, "[1,2]");
        assert_eq!(serde_json::from_str::<Shared<Vec<u32>>>(&text).unwrap(), value);
    }
}
