"""A simulation of the product's surroundings: SQS, S3 and DynamoDB under one virtual clock and one seed.

    world.py         puts the parts together, and makes the clients of each sender
    clock.py         time that passes only when somebody waits
    network.py       carries each request to its service, numbered, through the faults that were asked for
    faults.py        what can happen to a request, as data
    sqs.py, s3.py, dynamodb.py
                     the services: their state, and the rules that AWS documents (sqs_queue.py, s3_client.py,
                     expression_parser.py and expressions.py are parts of them)
    differences.py   where the emulators keep other rules than AWS documents

Nothing in here starts a thread, sleeps, reads the real clock or rolls dice of its own: the same seed and the same
requests give the same answers. test_contract_*.py hold the services against two emulators of AWS.
"""
