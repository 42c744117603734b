//! How long a proof runs: short in `make test`, at full length in `make test-deep`.

/// `short`, or `deep` where `TIDEGATE_DEEP` is set.
pub fn length(short: u64, deep: u64) -> u64 {
    if std::env::var_os("TIDEGATE_DEEP").is_some() { deep } else { short }
}
