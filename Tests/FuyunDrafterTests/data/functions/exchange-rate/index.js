'use strict'

// Yesterday's rates against the euro; the deployment job writes a new table every night.
const RATES = { EUR: 1, USD: 1.0842, JPY: 163.21, GBP: 0.8561, CHF: 0.9713, SEK: 11.32, NOK: 11.54, PLN: 4.312 }

exports.main = ({ amount, from, to }) => {
  if (!(from in RATES) || !(to in RATES)) return { error: `no rate for ${from} or ${to}` }
  if (!Number.isFinite(amount)) return { error: 'amount: expected a number' }
  const value = (amount / RATES[from]) * RATES[to]
  return { amount: Math.round(value * 100) / 100, currency: to }
}
