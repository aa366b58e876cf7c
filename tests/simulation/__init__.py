"""A simulation of the product's surroundings: SQS, S3 and DynamoDB under one virtual clock and one seed.

    world.py         puts the parts together, and makes the clients of each sender
    clock.py         time that passes only when somebody waits
    network.py       carries each request to its service, numbered, through the faults that were asked for
    faults.py        what can happen to a request, as data
    sqs.py, s3.py, dynamodb.py
                     the services: their state, and the rules that AWS documents (sqs_queue.py, s3_client.py,
                     expression_parser.py and expressions.py are parts of them)
    scheduler.py     lets one task act at a time, drawn by the seed; threads.py makes the product's threads of tasks
    schedule.py      what is to happen in a run, as data: drawn from a seed, printed, and cut down
    simulated_worker.py
                     the real worker on all that; an analysis passes virtual time
    simulation.py    one run; history.py keeps what happened, story.py tells it
    checkers.py      what must hold whatever happens
    search.py        looks for schedules under which something goes wrong, and for the shortest; __main__.py runs it
    differences.py   where the emulators keep other rules than AWS documents

Nothing in here starts a thread, sleeps, reads the real clock or rolls dice of its own: the same seed and the same
requests give the same answers. test_contract_*.py hold the services against two emulators of AWS.
"""
