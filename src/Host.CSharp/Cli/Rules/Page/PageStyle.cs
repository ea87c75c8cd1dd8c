namespace Serverless.Host.Cli.Rules.Page;

/// <summary>How the page looks, light and dark, wide and narrow, and the little script that reads out what is under the pointer.</summary>
internal static class PageStyle
{
    public const string Css = """
        :root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2330;--soft:#5a6473;--line:#dfe3e9;--demand:#2f6fed;--demand-soft:#2f6fed40;--size:#e07b00;--size-soft:#e07b0026;
        --serving:#2e9e6b;--starting:#e9b100;--stopping:#a26bd8;--asleep:#c9d0da;--wait:#c8403a;--always:#8a94a3;--good:#1f8a58;--bad:#b3322c}
        @media(prefers-color-scheme:dark){:root{--bg:#12151b;--card:#1b2029;--ink:#e8ecf2;--soft:#a0aab8;--line:#333b48;--demand:#6c9dff;--demand-soft:#6c9dff45;--size:#ffad4d;
        --size-soft:#ffad4d26;--serving:#4cc38d;--starting:#f2c744;--stopping:#bd8cf0;--asleep:#424b59;--wait:#f2706a;--always:#7d8898;--good:#5fd39c;--bad:#ff8a84}}
        *{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
        main{max-width:1180px;margin:0 auto;padding:2rem 1.25rem 3rem}h1{font-size:1.7rem;line-height:1.25;margin:0 0 .35rem;text-wrap:balance}h2{font-size:1.2rem;margin:2.2rem 0 .7rem}
        h3{font-size:1.05rem;margin:0}p{margin:.3rem 0}.soft{color:var(--soft)}.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.25rem;margin:0 0 1rem;min-width:0}
        h1,h2,h3,.name,td,dd,code,figcaption{overflow-wrap:anywhere}
        .facts{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:1rem;margin:.7rem 0 0}.fact dt{color:var(--soft);font-size:.85rem}.fact dd{margin:0;font-size:1.75rem;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums}
        .fact dd small{display:block;font-size:.82rem;font-weight:400;color:var(--soft);line-height:1.35}.good{color:var(--good)}.bad{color:var(--bad)}dl{margin:0}
        .bars{display:grid;gap:.45rem;margin-top:.7rem}.bar{display:grid;grid-template:"name track figure"/minmax(6rem,35%) minmax(0,1fr) 6rem;gap:.2rem .8rem;align-items:center}
        .name{grid-area:name}.track{grid-area:track}.bars .figure{grid-area:figure;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .track{height:14px;border-radius:7px;background:color-mix(in srgb,var(--line) 55%,transparent);overflow:hidden}.track i{display:block;height:100%;border-radius:7px;min-width:2px}.pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.93rem}td,th{padding:.34rem .7rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
        th:first-child,td:first-child{text-align:left;padding-left:0;white-space:normal;min-width:9rem}tbody th{font-weight:400;color:var(--soft)}tr:last-child>*{border-bottom:0}
        figure{margin:1rem 0 0}figcaption{font-size:.88rem;display:flex;flex-wrap:wrap;gap:.1rem .9rem}figcaption b{font-weight:600}.key::before{content:"";display:inline-block;width:.75em;height:.75em;border-radius:3px;margin-right:.35em;background:var(--c)}
        .chart{display:grid;grid-template-columns:4rem minmax(0,1fr);padding-right:1.4rem;margin-top:.45rem}.y,.x{position:relative;font-size:11px;line-height:14px;color:var(--soft);font-variant-numeric:tabular-nums}
        .y span{position:absolute;right:.5rem;transform:translateY(-50%);white-space:nowrap}.x{grid-column:2;height:20px;margin-top:8px}.x span{position:absolute;transform:translateX(-50%);white-space:nowrap}
        .plot{position:relative;height:var(--h)}.plot svg{position:absolute;inset:0;width:100%;height:100%;display:block;overflow:visible}.cross{position:absolute;top:0;bottom:0;width:1px;background:var(--ink);opacity:.55;pointer-events:none;display:none}
        .grid{stroke:var(--line);stroke-width:1;fill:none;vector-effect:non-scaling-stroke}.stroke{fill:none;stroke-width:1.6;vector-effect:non-scaling-stroke;stroke-linejoin:round}
        .now{display:block;min-height:1.5em;font-size:.88rem;color:var(--soft);font-variant-numeric:tabular-nums;margin-top:.3rem}summary{cursor:pointer;color:var(--soft);margin-top:.9rem;font-size:.9rem}details[open] summary{margin-bottom:.5rem}
        code{font:.88rem/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;background:var(--bg);border:1px solid var(--line);border-radius:8px;padding:.5rem .7rem;display:block}
        @media(max-width:700px){main{padding:1.2rem .8rem 2rem}h1{font-size:1.35rem}.card{padding:.9rem .9rem}.facts{grid-template-columns:repeat(2,minmax(0,1fr))}.fact dd{font-size:1.35rem}.pair{grid-template-columns:1fr;gap:0}
        .chart{grid-template-columns:3.2rem minmax(0,1fr);padding-right:1.2rem}.x .alt{display:none}.bar{grid-template:"name figure" "track track"/minmax(0,1fr) auto}}
        @media(prefers-reduced-motion:no-preference){.track i{transition:width .3s}}
        @media print{body{background:#fff}.card{break-inside:avoid}}
        """;

    public const string Script = """
        for(const card of document.querySelectorAll('[data-over]')){const tips=JSON.parse(card.querySelector('script').textContent),now=card.querySelector('.now'),first=now.textContent,lines=card.querySelectorAll('.cross');
        for(const plot of card.querySelectorAll('.plot')){plot.addEventListener('pointermove',e=>{const box=plot.getBoundingClientRect(),at=Math.min(.99999,Math.max(0,(e.clientX-box.left)/box.width));
        now.textContent=tips[Math.floor(at*tips.length)];for(const line of lines){line.style.display='block';line.style.left=at*100+'%'}});
        plot.addEventListener('pointerleave',()=>{now.textContent=first;for(const line of lines)line.style.display='none'})}}
        """;
}
