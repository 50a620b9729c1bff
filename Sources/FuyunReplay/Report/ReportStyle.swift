/// The report's style sheet.
///
/// Two hues that colour-blind readers tell apart (blue for ours, orange for failures), grey for the rest, never colour alone:
/// ours are bold, failures are crosses. Text is at least 4.5 to 1 against its ground in both schemes.
enum ReportStyle {
    private static let lightColours = """
        --paper:#fdfdfc;--ink:#1b1f24;--soft:#59616d;--rule:#c9ced6;--faint:#e8ebef;--ours:#0a5cad;--other:#6d7682;--miss:#b8420b
        """
    private static let darkColours = """
        --paper:#13161a;--ink:#e6e8eb;--soft:#a3abb6;--rule:#454c56;--faint:#262b32;--ours:#74b7fa;--other:#8f99a6;--miss:#ff9a62
        """

    /// For the page: light or dark as the reader prefers, light on paper.
    static let sheet = """
        :root{color-scheme:light dark;\(lightColours)}
        @media (prefers-color-scheme:dark){:root{\(darkColours)}}
        \(common)
        @media print{
        :root{color-scheme:light;\(lightColours);--paper:#fff}
        @page{margin:16mm 14mm}
        html{font-size:11.5px}
        body{font-size:1rem}
        main{max-width:none;padding:0}
        section,figure,tr,.glance{break-inside:avoid}
        #table,#notes{break-inside:auto}
        h2{break-after:avoid}
        .wide{display:block}.narrow{display:none}
        .scroll{overflow:visible}
        table{font-size:6.6pt}
        td,th{padding:1.5pt 2.5pt}
        a{color:inherit;text-decoration:none}
        details::details-content{content-visibility:visible;block-size:auto}
        }
        """

    /// For a picture of one figure.
    static let light = ":root{\(lightColours);--paper:#fff}\n" + common

    private static let common = """
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",\
        "Liberation Sans",sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
        main{max-width:50rem;margin:0 auto;padding:3rem 1.25rem 5rem}
        .kicker{margin:0;color:var(--soft);font-size:.8125rem;letter-spacing:.04em}
        h1{margin:.2rem 0 .5rem;font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.012em;text-wrap:balance}
        h2{margin:0 0 .9rem;font-size:1.125rem;line-height:1.3;font-weight:650}
        h3{margin:1.6rem 0 .5rem;font-size:1rem}
        .facts,.note,figcaption,.interval{color:var(--soft);font-size:.875rem}
        .facts{margin:0}
        section{margin-top:3.25rem}
        .glance{margin-top:2rem;padding:1.1rem 0 1.2rem;border-block:1px solid var(--rule)}
        .glance p{margin:0 0 .8rem}
        .glance dl{display:flex;flex-wrap:wrap;gap:1rem 3rem;margin:0}
        .glance dt{color:var(--soft);font-size:.875rem}
        .glance dd{margin:0;font-size:1.75rem;line-height:1.25;font-weight:600;letter-spacing:-.01em}
        .glance dd.interval{font-size:.8125rem;font-weight:400;letter-spacing:0}
        figure{margin:0}
        figcaption{margin-top:.8rem;max-width:44rem}
        svg{display:block;max-width:100%;height:auto;overflow:visible;font-size:12.5px}
        .narrow svg{width:100%}
        .narrow{display:none}
        @media (max-width:700px){.wide{display:none}.narrow{display:block}main{padding-top:1.75rem}h1{font-size:1.45rem}}
        a{color:var(--ours);text-underline-offset:.15em}
        text{fill:var(--ink)}
        .tick{fill:var(--soft);font-size:11px}
        .panel{font-weight:600}
        text.ours{fill:var(--ours);font-weight:650}
        text.value.other{fill:var(--soft)}
        .axis{stroke:var(--rule)}
        .grid{stroke:var(--faint)}
        .range{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
        .range.ours{stroke:var(--ours)}.range.other{stroke:var(--other)}
        .dot.ours{fill:var(--ours)}.dot.other{fill:var(--other)}
        .limit{fill:none;stroke-width:1.5;stroke-linejoin:round}
        .limit.ours{stroke:var(--ours)}.limit.other{stroke:var(--other)}
        .need{fill:none;stroke:var(--ink);stroke-width:3;stroke-linecap:round}
        .miss{fill:none;stroke:var(--miss);stroke-width:2;stroke-linecap:round}
        .raised{fill:none;stroke:var(--miss);stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}
        .scroll{overflow-x:auto}
        .scroll:focus-visible,a:focus-visible,summary:focus-visible{outline:2px solid var(--ours);outline-offset:3px}
        table{border-collapse:collapse;width:100%;font-size:.8125rem;line-height:1.35}
        caption{text-align:left;padding:.4rem 0;color:var(--soft)}
        th,td{padding:.35rem .55rem;text-align:right;vertical-align:top;white-space:nowrap}
        th:first-child{text-align:left;padding-left:0}
        thead th{vertical-align:bottom;white-space:normal;font-weight:600;border-bottom:1px solid var(--rule)}
        tbody th{font-weight:400}
        tbody tr+tr>*{border-top:1px solid var(--faint)}
        tr.ours th{color:var(--ours);font-weight:650}
        td .interval{display:block;font-size:.85em}
        .scroll+.scroll{margin-top:1.75rem}
        details{margin-top:1rem}
        summary{cursor:pointer;color:var(--soft)}
        #notes dl,details dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem;font-size:.875rem}
        #notes dt,details dt{font-weight:600}
        #notes dd,details dd{margin:0;color:var(--soft)}
        #notes li{margin-bottom:.4rem}
        pre{overflow-x:auto;padding:.8rem 1rem;background:var(--faint);border-radius:4px;font:.8125rem/1.5 ui-monospace,"SF Mono",\
        "DejaVu Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
        .single{padding:20px 24px;width:808px}
        .single h2{margin:0 0 14px}
        """
}
