//! Statistics of a token's use.

use crate::model::timestamp::Timestamp;

/// Statistics of a token's use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageStats {
    pub count: u64,
    /// The first use that is known.
    pub first: Timestamp,
    /// The last use.
    pub last: Timestamp,
    /// The program of the client that used the token last, without its arguments, if the system names it.
    pub client: Option<String>,
    /// The uses that are known to be pulls.
    pub pulls: u64,
    /// The uses that are known to be pushes.
    pub pushes: u64,
}

impl UsageStats {
    /// The value of `first` when no use has a date.
    pub const UNDATED_FIRST: Timestamp = Timestamp(i64::MAX);

    /// The value of `last` when no use has a date.
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

    fn stats(count: u64, first: i64, last: i64, client: Option<&str>) -> UsageStats {
        let client = client.map(str::to_owned);
        UsageStats { count, first: Timestamp(first), last: Timestamp(last), client, pulls: count, pushes: 0 }
    }

    #[test]
    fn adding_uses_keeps_the_client_of_the_last_use() {
        for (one, other, want) in [
            (stats(1, 5, 5, Some("a")), stats(1, 7, 7, Some("b")), stats(2, 5, 7, Some("b"))),
            (stats(1, 7, 7, Some("b")), stats(1, 5, 5, Some("a")), stats(2, 5, 7, Some("b"))),
            (stats(1, 5, 5, Some("a")), stats(1, 7, 7, None), stats(2, 5, 7, Some("a"))),
            (stats(9, 5, 5, None), stats(1, 5, 5, Some("b")), stats(10, 5, 5, Some("b"))),
            (stats(u64::MAX, 5, 5, None), stats(9, i64::MAX, i64::MIN, None), stats(u64::MAX, 5, 5, None)),
        ] {
            let mut sum = one;
            sum.add(other);
            assert_eq!(sum, want);
        }
    }
}
