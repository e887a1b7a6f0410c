// Pause, resume, scale and stop: for those who have the token, which the terminal shows. It stands in the page's address
// after "#", which no request carries, and is kept for this tab.
let token = '';
let paused = false;

function keepToken(value) {
  token = value;
  try {
    sessionStorage.setItem('lockstep-token', value);
  } catch {
    // it holds until the page is loaded again
  }
  showControl();
}

function findToken() {
  const given = /[#&]token=([^&]+)/.exec(location.hash);
  if (given) {
    history.replaceState(null, '', location.pathname);
    keepToken(decodeURIComponent(given[1]));
    return;
  }
  try {
    token = sessionStorage.getItem('lockstep-token') || '';
  } catch {
    token = '';
  }
}

function showControl() {
  byId('control').hidden = token === '';
  byId('unlock').hidden = token !== '';
  byId('pause').textContent = paused ? 'Resume' : 'Pause';
}

function answer(text) {
  byId('answer').textContent = text;
  byId('answer').hidden = text === '';
}

async function command(path, body) {
  answer('');
  try {
    const response = await fetch(`api/${path}`, {
      method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: body ? JSON.stringify(body) : '',
    });
    if (response.status === 401) keepToken('');
    if (!response.ok) answer((await response.text()).trim());
    return response.ok;
  } catch {
    answer('The coordinator does not answer.');
    return false;
  }
}

function toggle(button, form) {
  form.hidden = !form.hidden;
  button.setAttribute('aria-expanded', String(!form.hidden));
  if (!form.hidden) form.querySelector('input').focus();
}

function startControl() {
  findToken();
  byId('pause').addEventListener('click', () => command(paused ? 'resume' : 'pause'));
  byId('stop').addEventListener('click', () => {
    if (confirm('End the test? Running iterations may end, teardown() runs, and the summary is written.')) command('stop');
  });
  byId('scale').addEventListener('click', () => toggle(byId('scale'), byId('scaling')));
  byId('unlock').addEventListener('click', () => toggle(byId('unlock'), byId('locked')));
  byId('scaling').addEventListener('submit', async (event) => {
    event.preventDefault();
    const number = (id) => (byId(id).value === '' ? -1 : Number(byId(id).value));
    if (await command('scale', { vus: number('scale-vus'), maxVUs: number('scale-max') })) toggle(byId('scale'), byId('scaling'));
  });
  byId('locked').addEventListener('submit', async (event) => {
    event.preventDefault();
    keepToken(byId('token').value.trim());
    byId('token').value = '';
    if (await command('check')) toggle(byId('unlock'), byId('locked'));
  });
  showControl();
}

function showState(event) {
  paused = event.paused === true;
  byId('state').textContent = paused && !event.over ? 'Paused' : event.state || '';
  const planned = event.planned > 0 ? ` of ${formatClock(event.planned)}` : '';
  byId('clock').textContent = event.elapsed > 0 ? `${formatClock(event.elapsed)}${event.over ? '' : planned}` : '';
  if (event.over) {
    byId('control').hidden = true;
    byId('unlock').hidden = true;
  } else {
    showControl();
  }
}
