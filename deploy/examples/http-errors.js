// Beyond k6: say which responses are errors. The summary then shows the durations of failures apart, so that fast failures do
// not make a broken system look quick.
import http from 'k6/http';
import { sleep } from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8080';

export const options = {
  vus: 2,
  duration: __ENV.DURATION || '30s',
  // 404 is a fine answer of this system; any other status from 400, and requests without a response, are errors.
  httpErrors: { status: '>=400', exclude: [404] },
  thresholds: {
    http_reqs_errors: ['count==0'],
    // Statuses by their class.
    'http_reqs{status_class:5xx}': ['count==0'],
    // The durations of the responses that were as expected.
    'http_req_duration{expected_response:true}': ['p(95)<500'],
  },
};

export default function () {
  http.get(`${target}/status/200`);
  // http_req_failed follows k6's own rule; here a request says itself which statuses it expects.
  http.get(`${target}/status/404`, { responseCallback: http.expectedStatuses(200, 404) });
  sleep(0.1);
}
