function start() {
  document.documentElement.classList.add('js');
  startTheme();
  for (const holder of document.querySelectorAll('[data-panel]')) enhancePanel(holder);
  const data = byId('data');
  if (data) {
    const report = JSON.parse(data.textContent);
    series.distribution = report.distribution;
    series.baseline = report.baseline || null;
    if (report.series) addSeries(report.series);
    byId('s-charts').hidden = !report.series;
  }
  addMainCharts(byId('charts'));
  addDistribution(byId('distribution'));
  draw();
  if (!data) {
    startControl();
    startLive();
  }
}

start();
