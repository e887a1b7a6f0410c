// What went wrong in a script, as text for people.
#pragma once

#include <string>

#include <v8.h>

namespace lockstep::agent {

// "Error: oops\n\tat run (file:///dir/script.js:3:9)": the error with its stack. Syntax errors
// start with their place: "SyntaxError: file:///dir/script.js: Line 1:36 Unexpected token '='".
// Runs no user code.
std::string DescribeException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                              v8::Local<v8::Message> message);

}  // namespace lockstep::agent
