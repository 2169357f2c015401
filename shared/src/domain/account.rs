//! The accounts of the books, by the names of X-01. A positive balance is owed to the account, a negative one was taken from it.

use std::fmt;
use std::str::FromStr;

/// A place where money can be.
///
/// | account | what its balance says |
/// | --- | --- |
/// | `cash` | minus what lies in our bank: buyers' payments less refunds, payouts and what was paid to others |
/// | `gross` | received for orders and not shared out yet |
/// | `tax` | owed to the tax office |
/// | `provider_cost:<provider>` | owed to a printer, by its receipts |
/// | `packaging` | owed for packaging |
/// | `payment_fee` | owed to the payment provider |
/// | `margin` | nothing, ever: a corridor from gross to those who share |
/// | `platform_fee` | the platform's |
/// | `creator:<party>` | owed to a creator; negative when refunds took back more than there was |
/// | `royalty:<party>` | owed to a royalty holder |
/// | `loss` | minus what orders lost |
/// | `refunds` | owed to buyers, until their refund is paid |
/// | `payout_in_transit:<party>` | on its way to a party, until the bank says paid or failed |
/// | `conversion` | changed from one currency into another, one balance per currency |
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// The bank.
    Cash,
    /// Received and not shared out.
    Gross,
    /// The tax office.
    Tax,
    /// A printer.
    ProviderCost(String),
    /// Packaging.
    Packaging,
    /// The payment provider.
    PaymentFee,
    /// The corridor.
    Margin,
    /// The platform.
    PlatformFee,
    /// A creator.
    Creator(String),
    /// A holder of royalties.
    Royalty(String),
    /// What orders lost.
    Loss,
    /// Buyers who get money back.
    Refunds,
    /// On its way to a party.
    InTransit(String),
    /// Between two currencies.
    Conversion,
}

impl Account {
    /// The party that owns it, if one does.
    #[must_use]
    pub fn party(&self) -> Option<&str> {
        match self {
            Account::Creator(party) | Account::Royalty(party) => Some(party),
            _ => None,
        }
    }

    /// The accounts that a party's balance is made of.
    #[must_use]
    pub fn of_party(party: &str) -> [Account; 2] {
        [Account::Creator(party.to_owned()), Account::Royalty(party.to_owned())]
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::Cash => f.write_str("cash"),
            Account::Gross => f.write_str("gross"),
            Account::Tax => f.write_str("tax"),
            Account::ProviderCost(provider) => write!(f, "provider_cost:{provider}"),
            Account::Packaging => f.write_str("packaging"),
            Account::PaymentFee => f.write_str("payment_fee"),
            Account::Margin => f.write_str("margin"),
            Account::PlatformFee => f.write_str("platform_fee"),
            Account::Creator(party) => write!(f, "creator:{party}"),
            Account::Royalty(party) => write!(f, "royalty:{party}"),
            Account::Loss => f.write_str("loss"),
            Account::Refunds => f.write_str("refunds"),
            Account::InTransit(party) => write!(f, "payout_in_transit:{party}"),
            Account::Conversion => f.write_str("conversion"),
        }
    }
}

/// A text that names no account.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the books know no such account")]
pub struct NoAccount;

impl FromStr for Account {
    type Err = NoAccount;

    fn from_str(text: &str) -> Result<Account, NoAccount> {
        Ok(match text.split_once(':') {
            Some((_, "")) => return Err(NoAccount),
            Some(("provider_cost", name)) => Account::ProviderCost(name.to_owned()),
            Some(("creator", name)) => Account::Creator(name.to_owned()),
            Some(("royalty", name)) => Account::Royalty(name.to_owned()),
            Some(("payout_in_transit", name)) => Account::InTransit(name.to_owned()),
            Some(_) => return Err(NoAccount),
            None => match text {
                "cash" => Account::Cash,
                "gross" => Account::Gross,
                "tax" => Account::Tax,
                "packaging" => Account::Packaging,
                "payment_fee" => Account::PaymentFee,
                "margin" => Account::Margin,
                "platform_fee" => Account::PlatformFee,
                "loss" => Account::Loss,
                "refunds" => Account::Refunds,
                "conversion" => Account::Conversion,
                _ => return Err(NoAccount),
            },
        })
    }
}

impl TryFrom<String> for Account {
    type Error = NoAccount;

    fn try_from(text: String) -> Result<Account, NoAccount> {
        text.parse()
    }
}

impl serde::Serialize for Account {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Account {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Account {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String).into()
    }
}

impl utoipa::ToSchema for Account {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_reads_back_what_it_wrote() {
        let ada = || "ada".to_owned();
        for account in [
            Account::Cash,
            Account::Gross,
            Account::Tax,
            Account::ProviderCost("gelato".to_owned()),
            Account::Packaging,
            Account::PaymentFee,
            Account::Margin,
            Account::PlatformFee,
            Account::Creator(ada()),
            Account::Royalty(ada()),
            Account::Loss,
            Account::Refunds,
            Account::InTransit(ada()),
            Account::Conversion,
        ] {
            assert_eq!(account.to_string().parse(), Ok(account));
        }
        for wrong in ["", "sales", "creator", "creator:", "cash:ada", "platform"] {
            assert_eq!(wrong.parse::<Account>(), Err(NoAccount), "{wrong}");
        }
    }

    #[test]
    fn a_partys_accounts_are_those_it_owns() {
        assert_eq!(
            Account::of_party("ada").map(|account| account.party().map(str::to_owned)),
            [Some("ada".to_owned()), Some("ada".to_owned())]
        );
        assert_eq!(Account::InTransit("ada".to_owned()).party(), None, "what is on its way is not payable again");
    }
}
