//! What is known of how a token was used.

use crate::model::timestamp::Timestamp;

/// How often a token was given out, when, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageStats {
    /// How often it was given out.
    pub count: u64,
    /// When first, of what is remembered.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// The name of the client's program that got it last, where the system told it; never its arguments.
    pub client: Option<String>,
    /// How often to pull, of the times at which the direction was known.
    pub pulls: u64,
    /// How often to push, of the times at which the direction was known.
    pub pushes: u64,
}

impl UsageStats {
    /// Stands for the first of no dated use.
    pub const UNDATED_FIRST: Timestamp = Timestamp(i64::MAX);

    /// Stands for the last of no dated use.
    pub const UNDATED_LAST: Timestamp = Timestamp(i64::MIN);

    /// Adds other uses of the same token.
    pub fn add(&mut self, other: Self) {
        if other.client.is_some() && (other.last >= self.last || self.client.is_none()) {
            self.client = other.client;
        }
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.pulls = self.pulls.saturating_add(other.pulls);
        self.pushes = self.pushes.saturating_add(other.pushes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(count: u64, first: i64, last: i64, client: Option<&str>) -> UsageStats {
        let client = client.map(str::to_owned);
        UsageStats { count, first: Timestamp(first), last: Timestamp(last), client, pulls: count, pushes: 0 }
    }

    #[test]
    fn the_last_client_is_that_of_the_last_use() {
        for (one, other, want) in [
            (used(1, 5, 5, Some("a")), used(1, 7, 7, Some("b")), used(2, 5, 7, Some("b"))),
            (used(1, 7, 7, Some("b")), used(1, 5, 5, Some("a")), used(2, 5, 7, Some("b"))),
            (used(1, 5, 5, Some("a")), used(1, 7, 7, None), used(2, 5, 7, Some("a"))),
            (used(9, 5, 5, None), used(1, 5, 5, Some("b")), used(10, 5, 5, Some("b"))),
            (used(u64::MAX, 5, 5, None), used(9, i64::MAX, i64::MIN, None), used(u64::MAX, 5, 5, None)),
        ] {
            let mut sum = one;
            sum.add(other);
            assert_eq!(sum, want);
        }
    }
}
