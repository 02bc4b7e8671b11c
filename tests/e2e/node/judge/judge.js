#!/usr/bin/env node
// judge.js - are these requests of ours, and what the test server answered, what GitHub's published
// OpenAPI says?
//
//     judge.js LOG…       (NODE_PATH with the packages of package.json)
//
// A LOG is what tests/tools/forge_server.py writes. Prints a line for each thing that is wrong, how
// many requests of the log were judged, and at last how many of each operation; exits 1 where
// something is wrong or nothing was judged.
'use strict';
const fs = require('fs');
const path = require('path');
const Ajv = require('ajv');
const formats = require('ajv-formats');

const directory = path.dirname(require.resolve('@octokit/openapi/package.json'));
const api = JSON.parse(fs.readFileSync(path.join(directory, 'generated/api.github.com.json')));
const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);

// What "$ref" stands for, all the way down.
function resolve(node, depth = 0) {
  if (depth > 40) throw new Error('a schema within itself');
  if (Array.isArray(node)) return node.map((item) => resolve(item, depth + 1));
  if (node === null || typeof node !== 'object') return node;
  if (typeof node.$ref === 'string') {
    return resolve(node.$ref.slice(2).split('/').reduce((at, key) => at[key], api), depth + 1);
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value, depth + 1)]));
}

// The template that fits, with the most words that are not parameters.
function findTemplate(segments) {
  const words = (template) => template.split('/').filter((part) => !part.startsWith('{')).length;
  return Object.keys(api.paths).filter((template) => {
    const parts = template.split('/');
    return parts.length === segments.length &&
      parts.every((part, i) => (part.startsWith('{') ? segments[i] !== '' : part === segments[i]));
  }).sort((a, b) => words(b) - words(a))[0];
}

const operations = new Map();
function findOperation(method, segments) {
  const template = findTemplate(segments);
  const key = `${method} ${template}`;
  if (!operations.has(key)) {
    const operation = template && api.paths[template][method.toLowerCase()];
    operations.set(key, operation ? { template, ...resolve(operation), judged: 0 } : null);
  }
  return operations.get(key);
}

const validators = new WeakMap();
function schemaErrors(schema, value, what) {
  if (!validators.has(schema)) validators.set(schema, ajv.compile(schema));
  const validate = validators.get(schema);
  return validate(value) ? [] : [`${what}: ${ajv.errorsText(validate.errors)}`];
}

// The largest number is in the description only: "(max 100)".
function judgeQuery(parameter, text) {
  const what = `query parameter ${parameter.name}`;
  const isNumber = parameter.schema.type === 'integer' && /^(0|[1-9][0-9]*)$/.test(text);
  const [, most] = /\(max (\d+)\)/.exec(parameter.description) || [];
  return schemaErrors(parameter.schema, isNumber ? Number(text) : text, what)
    .concat(most && Number(text) > Number(most) ? [`${what} is more than ${most}`] : []);
}

function judgeParameters(operation, request, segments) {
  const found = [];
  const parts = operation.template.split('/');
  const known = (place) => operation.parameters.filter((parameter) => parameter.in === place);
  for (const parameter of known('path')) {
    const value = decodeURIComponent(segments[parts.indexOf(`{${parameter.name}}`)]);
    found.push(...schemaErrors(parameter.schema, value, `path parameter ${parameter.name}`));
  }
  for (const name of Object.keys(request.query)) {
    if (!known('query').some((parameter) => parameter.name === name)) found.push(`unknown query parameter ${name}`);
  }
  for (const parameter of known('query')) {
    if (parameter.name in request.query) {
      found.push(...judgeQuery(parameter, request.query[parameter.name]));
    } else if (parameter.required) {
      found.push(`no query parameter ${parameter.name}`);
    }
  }
  return found;
}

// docs.github.com, "Getting started with the REST API": what every request must or should have.
function judgeHeaders(request) {
  const wanted = {
    accept: 'application/vnd.github+json',
    authorization: 'right',
    'x-github-api-version': '2022-11-28',
  };
  const found = Object.keys(wanted).filter((name) => request.headers[name] !== wanted[name])
    .map((name) => `header ${name} is ${request.headers[name]}`);
  if (!request.headers['user-agent']) found.push('no user-agent');
  return found;
}

function judgeBody(operation, request) {
  const content = operation.requestBody && operation.requestBody.content;
  if (!content) return request.body === null ? [] : ['a body where none is taken'];
  const type = request.headers['content-type'];
  if (!content[type]) return [`content-type ${type} is not taken`];
  if (request.body === null) return ['no body'];
  const schema = content[type].schema;
  const unknown = Object.keys(request.body).filter((key) => !(key in schema.properties));
  return schemaErrors(schema, request.body, 'body').concat(unknown.map((key) => `unknown field ${key}`));
}

// docs.github.com, "Troubleshooting the REST API": whatever is asked for may not be there.
const notThere = { content: { 'application/json': { schema: resolve(api.components.schemas['basic-error']) } } };

function judgeAnswer(operation, request) {
  const response = operation.responses[request.status] ||
    (request.method === 'GET' && request.status === 404 ? notThere : null);
  if (!response) return [`status ${request.status} is not documented`];
  const content = response.content && response.content['application/json'];
  if (!content) return request.answer === null ? [] : ['an answer where none is documented'];
  return schemaErrors(content.schema, request.answer, 'answer');
}

function judge(request) {
  const segments = request.path.split('/');
  const operation = findOperation(request.method, segments);
  if (!operation) return ['GitHub has no such operation'];
  operation.judged += 1;
  return [
    ...judgeParameters(operation, request, segments), ...judgeHeaders(request),
    ...judgeBody(operation, request), ...judgeAnswer(operation, request),
  ];
}

function judgeLog(log) {
  const requests = fs.readFileSync(log, 'utf8').split('\n').filter(Boolean)
    .map((line) => JSON.parse(line)).filter((request) => request.forge === 'github');
  let wrong = 0;
  for (const request of requests) {
    for (const sentence of judge(request)) {
      wrong += 1;
      console.log(`${request.method} ${request.path}: ${sentence}`);
    }
  }
  console.log(`${path.basename(log)}: ${requests.length} judged, ${wrong} wrong`);
  return requests.length > 0 && wrong === 0;
}

process.exitCode = process.argv.slice(2).filter((log) => !judgeLog(log)).length > 0 ? 1 : 0;
for (const [name, operation] of operations) {
  if (operation) console.log(`${operation.judged} ${name}`);
}
