// Cookies and forms: each VU has a cookie jar that works like a browser's, and an object as a body is sent as a form.
import http from 'k6/http';
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

export const options = {
  vus: 2,
  iterations: 4,
  thresholds: { checks: ['rate==1'] },
};

export default function () {
  // What the server sets is sent with the requests that follow, until the iteration ends.
  http.get(`${target}/cookies/set?session=abc123`);
  // A cookie of our own.
  const jar = http.cookieJar();
  jar.set(target, 'language', 'en');
  const page = http.get(`${target}/cookies`); // answers with the cookies that it was sent
  check(page, {
    'the session is kept': (r) => r.body.includes('session=abc123'),
    'the language is sent': (r) => r.body.includes('language=en'),
  });
  const cookies = jar.cookiesForURL(`${target}/cookies`); // lists of values by name
  check(cookies, { 'the jar has both': (c) => c.session[0] === 'abc123' && c.language[0] === 'en' });

  // A form, by hand. With a real page, `response.submitForm({ fields: { ... } })` fills in and sends the form on it.
  const form = parseHTML('<form><input name="csrf" value="t0ken"><input name="user"></form>');
  const reply = http.post(`${target}/echo`, {
    csrf: form.find('input[name=csrf]').attr('value'), // hidden fields have to be sent along
    user: 'ada',
  });
  check(reply, { 'the form arrives': (r) => r.body === 'csrf=t0ken&user=ada' });
}
