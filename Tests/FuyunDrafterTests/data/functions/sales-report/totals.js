'use strict'

exports.group = (rows, key) => {
  const groups = new Map()
  for (const row of rows) {
    const copy = { ...row, value: row.units * row.price }
    if (!groups.has(copy[key])) groups.set(copy[key], [])
    groups.get(copy[key]).push(copy)
  }
  return groups
}

exports.total = (rows) => rows.reduce((sum, row) => sum + row.value, 0)
