// Follows a run: the first event has all of it, each further one what is new.
function startLive() {
  let source = null;
  let over = false;
  const connection = byId('connection');

  const say = (text) => {
    connection.textContent = text;
    connection.hidden = text === '';
  };
  const take = (event) => {
    say('');
    const message = JSON.parse(event.data);
    over = message.over === true;
    showState(message);
    showPanels(message.panels);
    if (message.distribution) series.distribution = message.distribution;
    if (message.series && !addSeries(message.series)) {
      connect();
      return;
    }
    drawSoon();
  };
  const connect = () => {
    source?.close();
    source = new EventSource('events');
    source.addEventListener('snapshot', take);
    source.addEventListener('tick', take);
    source.addEventListener('error', () => {
      if (over) {
        source.close();
        say('The run is over, and its coordinator has gone.');
        document.querySelector('a[href="report.html"]').hidden = true;
      } else {
        say('The coordinator does not answer. Trying again …');
        if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
      }
    });
  };
  connect();
}
