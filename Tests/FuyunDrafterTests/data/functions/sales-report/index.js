'use strict'
const { group, total } = require('./totals')

// Answers with an HTML table, grouped, largest first.
exports.main = async (event) => {
  const groups = group(event.rows, event.groupBy || 'sku')
  const lines = [...groups.entries()]
    .map(([key, rows]) => ({ key, rows, total: total(rows) }))
    .sort((a, b) => b.total - a.total)
  let html = `<h1>${event.title}</h1><table>`
  for (const { key, rows, total } of lines) {
    html += `<tr><td>${key}</td><td>${rows.length}</td><td>${total.toFixed(2)}</td></tr>`
    for (const row of rows) html += `<tr class="row"><td></td><td>${row.units}</td><td>${row.price}</td></tr>`
  }
  return { statusCode: 200, headers: { 'Content-Type': 'text/html' }, body: html + '</table>' }
}
