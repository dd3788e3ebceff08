//! What gross, tax and net can have been: FORMAT.md's gross = tax + net, and tax = gross at a rate.

use crate::money::Amount;

/// Gross, tax and net.
pub(super) type Amounts = [Amount; 3];

/// One whole unit, in ten-thousandths.
const UNIT: u64 = 10_000;
/// One hundredth.
const CENT: u64 = 100;
/// Largest whole amount that is tried, in units, and largest in hundredths.
const MOST_UNITS: u64 = 50_000;
const MOST_CENTS: u64 = 100_000;

/// The amounts where two of them are right, each of the three in its turn being the wrong one.
pub(super) fn from_two([gross, tax, net]: [Option<Amount>; 3]) -> impl Iterator<Item = Amounts> {
    let of_both = |a: Option<Amount>, b: Option<Amount>| a.zip(b);
    let sum = of_both(tax, net).and_then(|(tax, net)| Some([plus(tax, net)?, tax, net]));
    let less = of_both(gross, net).and_then(|(gross, net)| Some([gross, gross.checked_sub(net)?, net]));
    let rest = of_both(gross, tax).and_then(|(gross, tax)| Some([gross, tax, gross.checked_sub(tax)?]));
    [sum, less, rest].into_iter().flatten()
}

/// The amounts at a rate in ten-thousandths where one of them is right.
pub(super) fn from_one(found: [Option<Amount>; 3], rate: u32) -> impl Iterator<Item = Amounts> {
    let [gross, tax, net] = found.map(|amount| amount.map(Amount::ten_thousandths));
    let share = u128::from(rate);
    let whole = u128::from(UNIT);
    // Rounding leaves a few of which the tax, or the net, is the same.
    let of_net = net.zip(whole.checked_sub(share)).map(|(net, rest)| around(u128::from(net) * whole, rest));
    let of_tax = tax.map(|tax| around(u128::from(tax) * whole, share));
    let grosses = gross.into_iter().chain(of_net.into_iter().flatten()).chain(of_tax.into_iter().flatten());
    let keeps_one = move |amounts: &Amounts| found.iter().zip(amounts).any(|(found, amount)| *found == Some(*amount));
    grosses.filter_map(move |gross| at_rate(gross, rate)).filter(keeps_one)
}

/// All amounts at these rates, those in whole units before those in cents.
pub(super) fn at_rates(rates: &[u32]) -> impl Iterator<Item = Amounts> {
    let units = (1..=MOST_UNITS).map(|n| n * UNIT);
    let cents = (1..=MOST_CENTS).filter(|n| n % (UNIT / CENT) != 0).map(|n| n * CENT);
    units.chain(cents).flat_map(|gross| rates.iter().filter_map(move |rate| at_rate(gross, *rate)))
}

fn at_rate(gross: u64, rate: u32) -> Option<Amounts> {
    let gross = Amount::from_ten_thousandths(gross)?;
    let tax = gross.at_rate(rate);
    Some([gross, tax, gross.checked_sub(tax)?])
}

fn plus(a: Amount, b: Amount) -> Option<Amount> {
    a.ten_thousandths().checked_add(b.ten_thousandths()).and_then(Amount::from_ten_thousandths)
}

/// What rounds to a quotient, as far as one ten-thousandth of what was divided goes.
fn around(dividend: u128, divisor: u128) -> impl Iterator<Item = u64> {
    let near = dividend.checked_div(divisor).unwrap_or_default();
    let reach = u128::from(UNIT).checked_div(divisor).unwrap_or_default() + 1;
    let range = if divisor == 0 { 0..0 } else { near.saturating_sub(reach)..near + reach + 1 };
    range.filter_map(|gross| u64::try_from(gross).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn two_give_the_third() {
        let right = ["100.0000", "5.0000", "95.0000"].map(amount);
        for wrong in 0..3 {
            let mut found = right.map(Some);
            found[wrong] = Some(amount("900.0000"));
            assert!(from_two(found).any(|amounts| amounts == right), "number {wrong} was wrong");
            found[wrong] = None;
            assert!(from_two(found).any(|amounts| amounts == right), "number {wrong} was not readable");
        }
    }

    #[test]
    fn one_and_the_rate_give_the_others() {
        // 15 % of 33.3333 is 4.999995, which rounds up.
        for right in [["33.3333", "5.0000", "28.3333"], ["100.0000", "15.0000", "85.0000"]] {
            let right = right.map(amount);
            for kept in 0..3 {
                let mut found = [Some(amount("777.0000")); 3];
                found[kept] = Some(right[kept]);
                assert!(from_one(found, 1500).any(|amounts| amounts == right), "number {kept} of {right:?} was kept");
            }
        }
        assert_eq!(from_one([None, Some(amount("1.0000")), None], 0).count(), 0);
        // A rate of all or more, which no policy has and a hostile file can suggest.
        assert!(from_one([None, None, Some(amount("1.0000"))], 10_000).count() < 3);
        assert_eq!(from_one([None, None, Some(amount("1.0000"))], u32::MAX).count(), 0);
    }

    #[test]
    fn whole_units_come_first() {
        let first: Vec<Amounts> = at_rates(&[500, 1500]).take(2).collect();
        assert_eq!(first, [["1.0000", "0.0500", "0.9500"], ["1.0000", "0.1500", "0.8500"]].map(|a| a.map(amount)));
        assert!(at_rates(&[0]).any(|amounts| amounts[0] == amount("0.0100")));
    }
}
